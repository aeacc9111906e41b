import { setTimeout as sleep } from 'node:timers/promises'
import { startModelServer } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { items, NOTHING_LEFT, startSystem, tokenOf, until, whatIsLeft } from './running-system.ts'

/** One model for all workers, by whatever name they were started. */
const ONE_MODEL = {
  MAGICTASK__providers__openai__models__m1: '{}',
  'MAGICTASK__routes__text.paid__candidates': '[{"provider":"openai","model":"m1"}]',
}

// PROTOCOL 7: over-admission is zero, also while workers start and die
test('a limit of five holds for four workers, while one after the other is killed', async () => {
  await using system = await startSystem({
    workers: 4,
    latencyMs: 200,
    env: { ...ONE_MODEL, MAGICTASK__limits__concurrency: '5' },
  })
  const { batch_id } = await system.submit(items(300))
  for (let n = 0; n < 3; n++) {
    await sleep(3_000)
    system.workers[n]?.kill('SIGKILL')
    await system.startWorker(4 + n)
  }
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 300 } })
  expect(system.model.maxAtOnce).toBe(5)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 120_000)

// INCIDENTS 12
test('a provider that is away costs few calls and fails nothing, holds up no other queue, and what waits is woken when it is back', async () => {
  await using other = await startModelServer({ latencyMs: 20 })
  await using system = await startSystem({
    workers: 2,
    latencyMs: 20,
    env: {
      ...ONE_MODEL,
      MAGICTASK__providers__second__baseUrl: other.baseUrl,
      MAGICTASK__providers__second__keyVariable: 'SECOND_KEY',
      MAGICTASK__providers__second__models__m2: '{}',
      SECOND_KEY: 'sk-second',
      'MAGICTASK__routes__text.free__candidates': '[{"provider":"second","model":"m2"}]',
    },
  })
  await system.model.down()
  const { batch_id, tasks } = await system.submit(items(300))
  const free = tokenOf('others', 'free')
  const others = await system.submit(items(100, 'other'), free)
  expect(await system.ended(others.batch_id, free)).toMatchObject({ status: 'done', counts: { succeeded: 100 } })
  await sleep(10_000)
  const [row] = await system.db.query<{ state: string }>(`select state from targets where name = 'openai/m1'`)
  expect(row?.state).toMatch(/open|probing/)
  const [calls] = await system.db.query<{ count: number }>(
    `select count(*)::int as count from model_calls where provider = 'openai'`,
  )
  expect(calls?.count).toBeLessThan(60)
  await system.model.up()
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: tasks.length } })
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 120_000)

/** Takes twenty calls a second and refuses the rest. */
function takesTwentyASecond() {
  let level = 20
  let filledAtMs = performance.now()
  return () => {
    const nowMs = performance.now()
    level = Math.min(20, level + ((nowMs - filledAtMs) / 1_000) * 20)
    filledAtMs = nowMs
    if (level < 1) return { kind: 'rate-limited', retryAfter: '1', latencyMs: 5 } as const
    level -= 1
    return undefined
  }
}

test('a provider that takes twenty calls a second is soon asked no more than it takes', async () => {
  await using system = await startSystem({
    workers: 4,
    latencyMs: 300,
    env: ONE_MODEL,
    script: takesTwentyASecond(),
  })
  const { batch_id } = await system.submit(items(600))
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 600 } })
  expect(system.model.calls().length / 600).toBeLessThanOrEqual(1.2)
}, 120_000)

test('a key that is refused moves every task to the next candidate', async () => {
  await using other = await startModelServer()
  await using system = await startSystem({
    workers: 2,
    script: () => ({ kind: 'status', status: 401 }),
    env: {
      ...ONE_MODEL,
      MAGICTASK__providers__second__baseUrl: other.baseUrl,
      MAGICTASK__providers__second__keyVariable: 'SECOND_KEY',
      MAGICTASK__providers__second__models__m2: '{}',
      SECOND_KEY: 'sk-second',
      'MAGICTASK__routes__text.paid__candidates':
        '[{"provider":"openai","model":"m1"},{"provider":"second","model":"m2"}]',
    },
  })
  const { batch_id } = await system.submit(items(100))
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 100 } })
  expect(other.calls()).toHaveLength(100)
  await until(async () => (await system.db.query(`select from targets where reason = 'auth_refused'`)).length > 0)
  expect(system.model.calls().length).toBeLessThanOrEqual(40)
}, 60_000)
