import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { item, NOTHING_LEFT, type RunningSystem, startSystem, until, whatIsLeft } from './running-system.ts'

/** One model for all workers, with a price. */
const PRICED = {
  MAGICTASK__providers__openai__models__m1: '{"price":{"inputUsd":1,"outputUsd":2}}',
  'MAGICTASK__routes__text.paid__candidates': '[{"provider":"openai","model":"m1"}]',
}
const EMBEDS = 'text-embedding-3-small'
/** As it is built in, in micro-dollars for a token. */
const EMBEDDING_PRICE = 0.02

const product = (content: string) => item(content, { magicType: 'sku_mapping' })
const products = (count: number, named: string) => Array.from({ length: count }, (_, at) => product(`${named} ${at}`))

const answered = () => ({ kind: 'answer', answer: { sku: 'A-1', confidence: 0.9, reason: 'the same' } }) as const

async function startShop(env: Readonly<Record<string, string>> = {}, latencyMs = 0): Promise<RunningSystem> {
  const system = await startSystem({ workers: 2, latencyMs, script: answered, env: { ...PRICED, ...env } })
  await system.http('/api/public/v1/skus', {
    method: 'PUT',
    json: [{ sku: 'A-1', description: 'Steel water bottle' }],
  })
  return system
}

interface Row {
  readonly task_id: string
  readonly suggestion: number
  readonly prompt_tokens: number | null
  readonly completion_tokens: number | null
  readonly cost: number | null
  readonly outcome: string
}

const rowsOf = (system: RunningSystem, model: string) =>
  system.db.query<Row>(
    `select task_id, suggestion, prompt_tokens, completion_tokens, cost_micro_usd::int as cost, outcome
     from model_calls where provider = 'openai' and model = $1 order by call_id`,
    [model],
  )

const Usage = z.object({
  usage: z.object({
    prompt_tokens: z.number(),
    completion_tokens: z.number(),
    model_calls: z.number(),
    cost_micro_usd: z.number().nullable(),
  }),
})

async function usageAt(system: RunningSystem, path: string) {
  return Usage.parse((await system.http(`/api/public/v1/${path}`)).json).usage
}

function sumOf(rows: readonly Row[]) {
  const sum = (value: (row: Row) => number | null) => rows.reduce((total, row) => total + (value(row) ?? Number.NaN), 0)
  return {
    prompt_tokens: sum((row) => row.prompt_tokens),
    completion_tokens: sum((row) => row.completion_tokens),
    model_calls: rows.length,
    cost_micro_usd: sum((row) => row.cost),
  }
}

test('an embedding has its row, with tokens and cost, and one slot of its provider is enough for it and for what follows', async () => {
  await using system = await startShop({ MAGICTASK__limits__providers__openai__concurrency: '1' }, 40)
  const contents = products(12, 'a steel bottle')
  const { batch_id, tasks } = await system.submit(contents)
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 12 } })
  expect(system.model.maxAtOnce).toBe(1)

  const embedded = await rowsOf(system, EMBEDS)
  expect(embedded).toHaveLength(12)
  for (const row of embedded) expect(row).toMatchObject({ suggestion: -1, completion_tokens: 0, outcome: 'answered' })
  for (const { prompt_tokens, cost } of embedded) {
    expect(prompt_tokens).toBeGreaterThan(100)
    expect(cost).toBe(Math.round((prompt_tokens ?? 0) * EMBEDDING_PRICE))
  }
  expect(system.model.embedded()).toHaveLength(1 + 12)

  const rows = [...embedded, ...(await rowsOf(system, 'm1'))]
  expect(rows).toHaveLength(24)
  for (const { task_id } of tasks) {
    const ofTask = rows.filter((row) => row.task_id === task_id)
    expect(await usageAt(system, `tasks/${task_id}`)).toMatchObject(sumOf(ofTask))
  }
  expect(await usageAt(system, `batches/${batch_id}`)).toMatchObject(sumOf(rows))
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 60_000)

test('descriptions that another model embedded are embedded anew by the first task that meets them, which pays', async () => {
  await using system = await startShop()
  await system.db.query(`update skus set embedding_model = 'an old one'`)
  const first = await system.submit([product('a steel bottle')])
  expect(await system.ended(first.batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 1 } })
  const rows = await rowsOf(system, EMBEDS)
  expect(rows.map(({ suggestion, outcome }) => [suggestion, outcome])).toEqual([
    [-1, 'answered'],
    [-1, 'answered'],
  ])
  expect(await usageAt(system, `batches/${first.batch_id}`)).toMatchObject(
    sumOf([...rows, ...(await rowsOf(system, 'm1'))]),
  )
  const then = await system.submit(products(20, 'a steel bottle'))
  await system.ended(then.batch_id)
  expect(await rowsOf(system, EMBEDS)).toHaveLength(2 + 20)
}, 60_000)

test('a provider of embeddings that asks to be left alone is, by all workers, and fails nothing', async () => {
  await using system = await startShop()
  const first = await system.submit(products(40, 'a steel bottle'))
  await system.ended(first.batch_id)
  system.model.setEmbeddingsStatus(429, '4')
  const before = system.model.embedded().length
  const { batch_id } = await system.submit(products(40, 'another bottle'))
  await until(async () => {
    const rows = await system.db.query(`select from targets where name = $1 and reason = 'rate_limited'`, [
      `openai/${EMBEDS}`,
    ])
    return rows.length > 0
  })
  await sleep(2_000)
  // What two workers had on their way at that moment, and nothing after it.
  const sent = system.model.embedded().length
  expect(sent - before).toBeLessThanOrEqual(32)
  await sleep(1_000)
  expect(system.model.embedded()).toHaveLength(sent)
  system.model.setEmbeddingsStatus(200)
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 40 } })
  const outcomes = (await rowsOf(system, EMBEDS)).map(({ outcome }) => outcome)
  expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(80)
  expect(outcomes).toContain('provider.rate_limited')
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 60_000)

test('tasks wait for embeddings that are away, hold up no others, and are woken when they are back', async () => {
  await using system = await startShop()
  system.model.setEmbeddingsStatus(503)
  const mapped = await system.submit(products(100, 'a steel bottle'))
  await until(async () => {
    const rows = await system.db.query('select from waiting where waits_for = $1', [`openai/${EMBEDS}`])
    return rows.length > 50
  })
  system.model.setScript(() => undefined)
  const others = await system.submit(Array.from({ length: 60 }, (_, at) => item(`another ${at}`)))
  expect(await system.ended(others.batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 60 } })
  expect((await rowsOf(system, EMBEDS)).length).toBeLessThan(80)
  system.model.setScript(answered)
  system.model.setEmbeddingsStatus(200)
  expect(await system.ended(mapped.batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 100 } })
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 90_000)
