import { expect, test } from 'vitest'
import {
  item,
  items,
  NOTHING_LEFT,
  type RunningSystem,
  type SystemOptions,
  startSystem,
  tokenOf,
  until,
  whatIsLeft,
} from './running-system.ts'

// PROTOCOL 3: fair order

/** Few slots and a model that takes its time: tasks wait, and what is ahead of them is decided by their turn. */
const SLOW = { workers: 2, latencyMs: 100, env: { LLM_MAX_WORKERS: '4' } }

/** Which tenant a call was for, where its content begins with the name. */
const tenantsOf = (system: RunningSystem) =>
  system.model.calls().map(({ content, usage }) => ({
    tenant: /^[\w-]+/.exec(content)?.[0] ?? '',
    tokens: usage.promptTokens + usage.completionTokens,
  }))

/** Contents of very different sizes, each with the name of its tenant first. */
const tasksOf = (tenant: string, count: number, size = 1) =>
  items(count, tenant).map((each, n) => ({ ...each, content: `${tenant} ${n} ${'買一送一，把握機會！'.repeat(size)}` }))

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)

test('nine tenants with backlogs from 60 to 1,500 tasks of different sizes are served equal tokens while all have work', async () => {
  await using system = await startSystem(SLOW)
  // What waits already keeps all others waiting, so that nobody is ahead by having come first.
  await system.submit(tasksOf('first', 120), tokenOf('first'))
  const backlogs = [60, 300, 120, 1_500, 80, 400, 90, 200, 100]
  const names = backlogs.map((_, n) => `tenant-${n}`)
  for (const [n, name] of names.entries())
    await system.submit(tasksOf(name, backlogs[n] ?? 0, 1 + (n % 4) * 3), tokenOf(name))
  const from = system.model.calls().length
  const callsOf = (name: string) => tenantsOf(system).filter(({ tenant }) => tenant === name).length
  await until(() => names.some((name, n) => callsOf(name) >= (backlogs[n] ?? 0)))
  const calls = tenantsOf(system).slice(from)
  const tokens = names.map((name) => sumOf(calls.flatMap((call) => (call.tenant === name ? [call.tokens] : []))))
  expect(sumOf(tokens) ** 2 / (9 * sumOf(tokens.map((each) => each ** 2)))).toBeGreaterThanOrEqual(0.99)
}, 120_000)

test('a single task of another tenant starts soon beside a flood', async () => {
  await using system = await startSystem(SLOW)
  await system.submit(tasksOf('flood', 3_000), tokenOf('flood'))
  const ahead: number[] = []
  for (let n = 0; n < 10; n++) {
    await until(() => system.model.calls().length >= 100 * (n + 1))
    const before = system.model.calls().length
    await system.submit([item(`single-${n}`)], tokenOf(`single-${n}`))
    await until(() => system.model.callsFor(`single-${n}`).length > 0)
    ahead.push(tenantsOf(system).findIndex(({ tenant }) => tenant === `single-${n}`) - before)
  }
  // Eight slots start eighty a second: what they start in a second, and not the thousands that wait.
  expect(Math.max(...ahead)).toBeLessThan(120)
}, 120_000)

test('where a limit of the fleet binds, few calls of a flood begin between a single task and its start', async () => {
  // Of different lengths, so that slots free up one after the other.
  await using system = await startSystem(limitedTo(5, (content) => 1_000 + (content.length % 11) * 100))
  await flood(system, 5)
  // About one each, while it is released, claimed and has its turn; three each where every worker keeps its own slots.
  expect(sumOf(await callsBeforeSingles(system, 16))).toBeLessThanOrEqual(24)
  expect(system.model.maxAtOnce).toBe(5)
}, 120_000)

test('a limit of fewer slots than workers goes round among them', async () => {
  await using system = await startSystem(limitedTo(1, () => 400))
  await flood(system, 1)
  // Five and more each where a worker keeps the slot as long as it has work.
  expect(sumOf(await callsBeforeSingles(system, 10))).toBeLessThanOrEqual(20)
  expect(system.model.maxAtOnce).toBe(1)
}, 120_000)

/** Two workers with a limit for both, whose calls take so long. */
function limitedTo(limit: number, latencyOf: (content: string) => number): SystemOptions {
  return {
    workers: 2,
    script: ({ content }) => ({ kind: 'answer', latencyMs: latencyOf(content) }),
    env: {
      MAGICTASK__providers__openai__models__m1: '{}',
      'MAGICTASK__routes__text.paid__candidates': '[{"provider":"openai","model":"m1"}]',
      MAGICTASK__limits__concurrency: String(limit),
    },
  }
}

/** Much more than a limit lets through, of one tenant. */
async function flood(system: RunningSystem, limit: number): Promise<void> {
  const tasks = items(2_000, 'flood').map((each, n) => ({ ...each, content: `flood ${n} ${'.'.repeat((n * 7) % 11)}` }))
  await system.submit(tasks, tokenOf('flood'))
  await until(() => system.model.calls().length >= 4 * limit)
}

/** Of single tasks, one after the other, each of another tenant: how many calls began between its submission and its start. */
async function callsBeforeSingles({ model, submit }: RunningSystem, singles: number): Promise<readonly number[]> {
  const ahead: number[] = []
  for (let n = 0; n < singles; n++) {
    const before = model.calls().length
    await submit([item(`single-${n}.`)], tokenOf(`single-${n}`))
    await until(() => model.callsFor(`single-${n}.`).length > 0)
    ahead.push(model.calls().findIndex(({ content }) => content.startsWith(`single-${n}.`)) - before)
    await until(() => model.calls().length >= before + 4)
  }
  return ahead
}

test('the low lane goes on beside floods of the others, and the high one has most', async () => {
  await using system = await startSystem(SLOW)
  const submit = async (priority: 'high' | 'normal' | 'low', count: number) =>
    system.submit(
      tasksOf(priority, count).map((each) => ({ ...each, priority })),
      tokenOf('one'),
    )
  await submit('high', 2_000)
  await submit('normal', 2_000)
  const low = await submit('low', 30)
  expect(await system.ended(low.batch_id, tokenOf('one'))).toMatchObject({ status: 'done', counts: { succeeded: 30 } })
  const counts = Object.groupBy(tenantsOf(system), ({ tenant }) => tenant)
  const [high = 0, normal = 0] = [counts.high?.length, counts.normal?.length]
  expect(high).toBeGreaterThan(normal)
  expect(high + normal).toBeLessThan(4_000)
}, 120_000)

test('what was shared out is all answered once', async () => {
  await using system = await startSystem({ workers: 2 })
  const batches = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map(async (name, n) => ({
      token: tokenOf(name),
      ...(await system.submit(tasksOf(name, 40 * (n + 1)), tokenOf(name))),
    })),
  )
  for (const { batch_id, token, tasks } of batches)
    expect(await system.ended(batch_id, token)).toMatchObject({ status: 'done', counts: { succeeded: tasks.length } })
  expect(system.model.calls()).toHaveLength(600)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 60_000)
