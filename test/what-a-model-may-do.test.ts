import type { Behaviour } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { item, items, NOTHING_LEFT, startSystem, until, whatIsLeft } from './running-system.ts'

interface Trouble {
  readonly name: string
  readonly does: (earlier: number) => Behaviour | undefined
  readonly calls: number
  /** The task's status, or the fault that it failed with, or that a stand-in was taken for. */
  readonly ends: string
  readonly params?: object
}

const first = (behaviour: Behaviour) => (earlier: number) => (earlier < 1 ? behaviour : undefined)
const noStandIn = { fallback: false }

/** What the model does, and what comes of it: how often it was asked, and how the task ended. */
// biome-ignore format: a table, one line a row
const TROUBLES: readonly Trouble[] = [
  { name: 'not JSON', does: () => ({ kind: 'not-json' }), calls: 2, ends: 'for answer.not_json' },
  { name: 'the wrong schema', does: () => ({ kind: 'wrong-schema' }), calls: 2, ends: 'for answer.schema_mismatch' },
  { name: 'cut off', does: () => ({ kind: 'truncated' }), calls: 2, ends: 'for answer.truncated' },
  { name: 'cut off without a word', does: () => ({ kind: 'cut-unsaid' }), calls: 2, ends: 'for answer.truncated' },
  { name: 'empty', does: () => ({ kind: 'empty' }), calls: 2, ends: 'for answer.empty' },
  { name: 'not JSON and no stand-in', does: () => ({ kind: 'not-json' }), calls: 2, ends: 'answer.not_json', params: noStandIn },
  { name: 'in prose', does: () => ({ kind: 'prose' }), calls: 1, ends: 'succeeded' },
  { name: 'not JSON once', does: first({ kind: 'not-json' }), calls: 2, ends: 'succeeded' },
  { name: 'refused', does: () => ({ kind: 'refused' }), calls: 1, ends: 'answer.refused' },
  { name: 'a bad request', does: () => ({ kind: 'status', status: 400 }), calls: 1, ends: 'provider.bad_request' },
  { name: 'too fast once', does: first({ kind: 'rate-limited', retryAfter: '1' }), calls: 2, ends: 'succeeded' },
  { name: 'a failure once', does: first({ kind: 'status', status: 500 }), calls: 2, ends: 'succeeded' },
  { name: 'a reset once', does: first({ kind: 'reset' }), calls: 2, ends: 'succeeded' },
  { name: 'no answer once', does: first({ kind: 'hang' }), calls: 2, ends: 'succeeded' },
]

test('each fault of a model has its consequence, for its own task alone', async () => {
  await using system = await startSystem({
    workers: 2,
    // One model for both workers: another's would be another candidate, which is asked anew.
    env: { LLM_TASK_TIMEOUT: '8s', OPENAI_MODEL: 'one-for-all' },
    script: ({ content, earlier }) => TROUBLES.find(({ name }) => content === `trouble: ${name}.`)?.does(earlier),
  })
  const { batch_id, tasks } = await system.submit([
    ...TROUBLES.map(({ name, params = {} }) => item(`trouble: ${name}.`, { params })),
    ...items(40),
  ])
  expect(await system.ended(batch_id)).toMatchObject({ status: 'error', counts: { failed: 3, succeeded: 51 } })
  for (const [at, { name, calls, ends }] of TROUBLES.entries()) {
    const task = await system.task(tasks[at]?.task_id ?? '')
    const ended = task.degraded_reason === undefined ? task.status : `for ${task.degraded_reason.code}`
    expect([name, task.error?.code ?? ended]).toEqual([name, ends])
    const made = system.model.callsFor(`trouble: ${name}.`).length
    expect([name, made, task.usage.model_calls]).toEqual([name, calls, calls])
    expect([name, task.results.length]).toEqual([name, task.error === undefined ? 1 : 0])
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
