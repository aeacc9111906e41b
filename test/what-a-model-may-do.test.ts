import type { Behaviour } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { item, items, NOTHING_LEFT, startSystem, until, whatIsLeft } from './running-system.ts'

/** What the model does, and what is left of it: how often it was asked, and how the task ended. */
const TROUBLES: readonly (readonly [string, (earlier: number) => Behaviour | undefined, number, string])[] = [
  ['not JSON', () => ({ kind: 'not-json' }), 2, 'answer.not_json'],
  ['the wrong schema', () => ({ kind: 'wrong-schema' }), 2, 'answer.schema_mismatch'],
  ['cut off', () => ({ kind: 'truncated' }), 2, 'answer.truncated'],
  ['empty', () => ({ kind: 'empty' }), 2, 'answer.empty'],
  ['not JSON once', (earlier) => (earlier < 1 ? { kind: 'not-json' } : undefined), 2, 'succeeded'],
  ['a bad request', () => ({ kind: 'status', status: 400 }), 1, 'provider.bad_request'],
  ['too fast once', (earlier) => (earlier < 1 ? { kind: 'rate-limited', retryAfter: '1' } : undefined), 2, 'succeeded'],
  ['a failure once', (earlier) => (earlier < 1 ? { kind: 'status', status: 500 } : undefined), 2, 'succeeded'],
  ['a reset once', (earlier) => (earlier < 1 ? { kind: 'reset' } : undefined), 2, 'succeeded'],
  ['no answer once', (earlier) => (earlier < 1 ? { kind: 'hang' } : undefined), 2, 'succeeded'],
]

test('each fault of a model has its consequence, for its own task alone', async () => {
  await using system = await startSystem({
    workers: 2,
    env: { LLM_TASK_TIMEOUT: '4s' },
    script: ({ content, earlier }) => TROUBLES.find(([name]) => content === `trouble: ${name}.`)?.[1](earlier),
  })
  const { batch_id, tasks } = await system.submit([
    ...TROUBLES.map(([name]) => item(`trouble: ${name}.`)),
    ...items(40),
  ])
  expect(await system.ended(batch_id)).toMatchObject({ status: 'error', counts: { failed: 5, succeeded: 45 } })
  for (const [at, [name, , calls, ending]] of TROUBLES.entries()) {
    const task = await system.task(tasks[at]?.task_id ?? '')
    expect([name, task.error?.code ?? task.status]).toEqual([name, ending])
    expect([name, system.model.callsFor(`trouble: ${name}.`).length, task.usage.model_calls]).toEqual([
      name,
      calls,
      calls,
    ])
  }
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 90_000)

test('twenty seconds of a dead model fail no task', async () => {
  await using system = await startSystem({ workers: 1, latencyMs: 20 })
  await system.model.down()
  const { batch_id } = await system.submit(items(20))
  await new Promise((resolve) => setTimeout(resolve, 20_000))
  await system.model.up()
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 20 } })
}, 120_000)

test('a cancelled task is aborted at the model, a late one expires, and neither is ever sent again', async () => {
  await using system = await startSystem({ workers: 1, script: () => ({ kind: 'hang' }) })
  const deadline = new Date(Date.now() + 3_000).toISOString()
  const running = await system.submit([item('cancel me'), item('too late', { deadline })])
  await until(() => system.model.calls().length === 2)
  const [cancelled, late] = running.tasks
  expect((await system.http(`/api/public/v1/tasks/${cancelled?.task_id}`, { method: 'DELETE' })).status).toBe(200)
  await until(() => system.model.callsFor('cancel me')[0]?.abortedByClient === true)
  await until(() => system.model.callsFor('too late')[0]?.abortedByClient === true)
  expect(await system.ended(running.batch_id)).toMatchObject({ status: 'error', counts: { cancelled: 1, expired: 1 } })
  expect(await system.task(late?.task_id ?? '')).toMatchObject({ status: 'expired', error: { code: 'task.expired' } })
  expect((await system.http(`/api/public/v1/tasks/${late?.task_id}`, { method: 'DELETE' })).status).toBe(409)
  expect(system.model.calls()).toHaveLength(2)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 60_000)

test('a slow task holds up no other, of its own partition or another', async () => {
  await using system = await startSystem({
    workers: 1,
    env: { KAFKA_PARTITIONS: '1' },
    script: ({ content }) => (content === 'slow' ? { kind: 'hang' } : undefined),
  })
  await system.submit([item('slow')])
  await until(() => system.model.calls().length === 1)
  const { batch_id } = await system.submit(items(100))
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 100 } })
}, 60_000)
