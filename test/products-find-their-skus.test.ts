import type { HttpClient } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { item, NOTHING_LEFT, startSystem, tokenOf, until, whatIsLeft, workerOf } from './running-system.ts'

const SKUS = '/api/public/v1/skus'
const Results = z.object({
  data: z.array(
    z.object({
      status: z.string(),
      results: z.array(
        z.object({
          sku: z.string().nullable(),
          confidence: z.number(),
          candidates: z.array(z.object({ sku: z.string(), score: z.number() })),
          reason: z.string(),
        }),
      ),
      error: z.object({ code: z.string() }).optional(),
      degraded_reason: z.object({ code: z.string() }).optional(),
      usage: z.object({ model_calls: z.number() }),
    }),
  ),
})

const Submitted = z.object({ batch_id: z.string() })
const product = (content: string, more: object = {}) => item(content, { magicType: 'sku_mapping', ...more })

/** Submits products for whoever the client speaks, and gives the tasks once they have ended. */
async function map(http: HttpClient, products: readonly object[]) {
  const submitted = await http('/api/public/v1/generate', { method: 'POST', json: products })
  const { batch_id } = Submitted.parse(submitted.json)
  await until(async () => {
    const batch = await http(`/api/public/v1/batches/${batch_id}`, { headers: { prefer: 'wait=20' } })
    return z.object({ finished_at: z.string().optional() }).parse(batch.json).finished_at !== undefined
  })
  return Results.parse((await http(`/api/public/v1/tasks?batch_id=${batch_id}&include=results`)).json).data
}

const put = (http: HttpClient, skus: Readonly<Record<string, string>>) =>
  http(SKUS, { method: 'PUT', json: Object.entries(skus).map(([sku, description]) => ({ sku, description })) })

const HEADPHONES = '全新無線藍牙耳機 黑色'
/** The call that every product begins with. */
const EMBEDDING = 1
const answered = (sku: string | null) => {
  return { kind: 'answer', answer: { sku, confidence: 0.9, reason: '相符' } } as const
}

test('each tenant chooses from its own catalogue, which every worker sees as it is', async () => {
  await using system = await startSystem({ workers: 2, latencyMs: 100, env: { LLM_MAX_WORKERS: '4' } })
  const acme = system.http
  const globex = system.http.withToken(tokenOf('globex'))
  await put(acme, { 'A-1': '無線藍牙耳機，黑色', 'A-2': 'Stainless steel water bottle' })
  await put(globex, { 'G-1': '無線藍牙耳機，黑色' })
  const askedBy = new Map<string, Set<string>>()
  let chosen: string | null = 'A-1'
  system.model.setScript(({ body, content }) => {
    askedBy.set(content, (askedBy.get(content) ?? new Set()).add(workerOf({ body })))
    return answered(content.includes('globex') ? 'G-1' : chosen)
  })

  const [ofAcme, ofGlobex] = await Promise.all([
    map(acme, [product(HEADPHONES, { num_suggestions: 2 })]),
    map(globex, [product(`${HEADPHONES} globex`)]),
  ])
  expect(ofAcme).toMatchObject([{ status: 'succeeded', usage: { model_calls: EMBEDDING + 2 } }])
  expect(ofAcme[0]?.results).toHaveLength(2)
  expect(ofAcme[0]?.results[0]).toMatchObject({
    sku: 'A-1',
    confidence: 0.9,
    candidates: [{ sku: 'A-1' }, { sku: 'A-2' }],
  })
  expect(ofGlobex[0]?.results[0]).toMatchObject({ sku: 'G-1', candidates: [{ sku: 'G-1' }] })

  // Both workers have a copy by now, and both have to learn what becomes of it.
  const many = (name: string) => Array.from({ length: 24 }, (_, at) => product(`${HEADPHONES} ${name} ${at}`))
  const workersOf = (name: string) => {
    return new Set([...askedBy].flatMap(([content, workers]) => (content.includes(name) ? [...workers] : [])))
  }
  await map(acme, many('before'))
  expect(workersOf('before').size).toBe(2)
  await put(acme, { 'A-3': '全新無線藍牙耳機 黑色' })
  await acme(`${SKUS}/A-1`, { method: 'DELETE' })
  chosen = 'A-3'
  const after = await map(acme, many('after'))
  expect(workersOf('after').size).toBe(2)
  for (const { results } of after)
    expect(results).toMatchObject([{ sku: 'A-3', candidates: [{ sku: 'A-3' }, { sku: 'A-2' }] }])
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
})

test('a SKU that a model makes up is asked for again, and never returned', async () => {
  await using system = await startSystem({
    workers: 1,
    script: ({ content, earlier }) => {
      if (content.includes('none')) return answered(null)
      return answered(content.includes('for ever') || earlier === 0 ? 'MADE-UP' : 'A-1')
    },
  })
  await put(system.http, { 'A-1': '無線藍牙耳機，黑色' })
  const [once, never, none] = await map(system.http, [
    product(HEADPHONES),
    product(`${HEADPHONES} for ever`),
    product(`${HEADPHONES} none`),
  ])
  expect(once).toMatchObject({ status: 'succeeded', results: [{ sku: 'A-1' }], usage: { model_calls: EMBEDDING + 2 } })
  expect(never).toMatchObject({
    status: 'succeeded',
    results: [{ sku: null, confidence: 0 }],
    degraded_reason: { code: 'answer.schema_mismatch' },
    usage: { model_calls: EMBEDDING + 2 },
  })
  expect(none).toMatchObject({ status: 'succeeded', results: [{ sku: null }], usage: { model_calls: EMBEDDING + 1 } })
})

test('without a catalogue nothing is asked; an embedding that could not be had is asked for again', async () => {
  await using system = await startSystem({ workers: 1, script: () => answered('A-1') })
  const [empty] = await map(system.http, [product(HEADPHONES)])
  expect(empty).toMatchObject({ status: 'failed', error: { code: 'catalogue.empty' }, usage: { model_calls: 0 } })

  await put(system.http, { 'A-1': '無線藍牙耳機，黑色' })
  system.model.setEmbeddingsStatus(500)
  const before = system.model.embedded().length
  const mapped = map(system.http, [product(HEADPHONES)])
  await until(() => system.model.embedded().length > before)
  system.model.setEmbeddingsStatus(200)
  expect(await mapped).toMatchObject([
    { status: 'succeeded', results: [{ sku: 'A-1' }], usage: { model_calls: 2 * EMBEDDING + 1 } },
  ])
})
