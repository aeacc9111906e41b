import { type TaskId, TenantId } from '@magictask/domain'
import { newBatchId, newTaskId } from '@magictask/runtime'
import { failed, openStoreUnderTest, type StoreUnderTest, succeeded, TENANT } from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  cancelBatch,
  cancelTask,
  clearResults,
  endedAmong,
  expireTasks,
  getBatch,
  getTask,
  keepReleaseRoom,
  listTasks,
  settleTasks,
  type TaskFilter,
  takeResults,
} from '../src/index.ts'

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterAll(() => store[Symbol.asyncDispose]())

const neighbour = TenantId.parse('neighbour')

/** Six tasks: one succeeded, one failed, one that runs, three that wait. */
async function mixed() {
  const batch = await store.submit({ count: 6 })
  const [first, second] = await store.claim(await store.hire(), batch.taskIds.slice(0, 3))
  if (first === undefined || second === undefined) throw new Error('The claim did not win')
  await settleTasks(store.db, { outcomes: [succeeded(first), failed(second)], calls: [], answers: [] })
  return batch
}

test('cancelling a batch ends what had not ended, running or not, and leaves the rest as it is', async () => {
  const { batchId, taskIds } = await mixed()
  const { cancelled, batch } = await cancelBatch(store.db, TENANT, batchId)
  expect(cancelled).toBe(4)
  expect(batch.counts).toEqual({
    submitted: 6,
    queued: 0,
    running: 0,
    succeeded: 1,
    failed: 1,
    cancelled: 4,
    expired: 0,
  })
  expect(batch.finishedAt).toBeInstanceOf(Date)
  expect(await cancelBatch(store.db, TENANT, batchId)).toEqual({ cancelled: 0, batch })
  expect(await getTask(store.db, TENANT, taskIds[2] ?? fail())).toMatchObject({
    status: 'cancelled',
    results: '[]',
    error: expect.stringContaining('"task.cancelled"'),
  })
})

function fail(): never {
  throw new Error('nothing was submitted')
}

// promise 10
test("another tenant's task and batch are like ones that do not exist", async () => {
  const { batchId, taskIds } = await mixed()
  const taskId = taskIds[4] ?? fail()
  expect(await getTask(store.db, neighbour, taskId)).toBeUndefined()
  expect(await getBatch(store.db, neighbour, batchId)).toBeUndefined()
  for (const id of [taskId, newTaskId()]) {
    await expect(cancelTask(store.db, neighbour, id)).rejects.toMatchObject({ code: 'task.not_found' })
  }
  for (const id of [batchId, newBatchId()]) {
    await expect(cancelBatch(store.db, neighbour, id)).rejects.toMatchObject({ code: 'batch.not_found' })
  }
  expect(await listTasks(store.db, { tenant: neighbour, limit: 10, withResults: true })).toEqual([])
  expect((await getBatch(store.db, TENANT, batchId))?.counts).toMatchObject({ queued: 3, running: 1, cancelled: 0 })
})

test('a list is paged by key, every task once and in order, whatever ends meanwhile', async () => {
  const { batchId } = await mixed()
  const batch = (await getBatch(store.db, TENANT, batchId)) ?? fail()
  const filter: TaskFilter = { tenant: TENANT, batch, limit: 2, withResults: false }
  const seen: TaskId[] = []
  for (;;) {
    const after = seen.at(-1)
    const page = await listTasks(store.db, { ...filter, ...(after === undefined ? {} : { after }) })
    if (page.length === 0) break
    seen.push(...page.map((task) => task.taskId))
    await cancelTask(store.db, TENANT, seen[0] ?? fail())
  }
  expect(seen).toEqual(seen.toSorted())
  expect(new Set(seen).size).toBe(6)
  const of = async (changes: Partial<TaskFilter>) =>
    (await listTasks(store.db, { ...filter, limit: 10, ...changes })).length
  expect(await of({ status: 'succeeded' })).toBe(1)
  expect(await of({ status: 'queued', magicType: 'spam_check', campaignSn: 'c1' })).toBe(3)
  expect(await of({ magicType: "spam_check' or true --" })).toBe(0)
})

// PROTOCOL 5: expired without a call
test('waiting tasks whose deadline has passed expire, running ones are left to their worker', async () => {
  const { batchId, taskIds } = await store.submit({ count: 3, deadline: new Date(Date.now() + 500) })
  const [running] = await store.claim(await store.hire(), taskIds.slice(0, 1))
  const later = await store.submit({ deadline: new Date(Date.now() + 3_600_000) })
  expect(await expireTasks(store.db, new Date())).toBe(0)
  await store.db.query('select pg_sleep(0.6)')
  expect(await store.claim(await store.hire(), taskIds.slice(1))).toEqual([])
  expect(await expireTasks(store.db, new Date())).toBe(2)
  expect((await getBatch(store.db, TENANT, batchId))?.counts).toMatchObject({ expired: 2, running: 1 })
  const { taskId, fence } = running ?? fail()
  const outcome = { taskId, fence, state: 'expired', results: '[]', degraded: false } as const
  await settleTasks(store.db, { outcomes: [outcome], calls: [], answers: [] })
  expect((await getBatch(store.db, TENANT, batchId))?.counts).toMatchObject({ expired: 3, running: 0 })
  expect((await getBatch(store.db, TENANT, later.batchId))?.counts).toMatchObject({ queued: 1 })
})

test('a task without a deadline waits a day for a queue that nobody may answer, and no longer', async () => {
  const out = await store.submit({ queue: 'text.paid' })
  const other = await store.submit({ queue: 'vision.paid' })
  const tomorrow = new Date(Date.now() + 86_400_000)
  await keepReleaseRoom(store.db, [
    { queue: 'text.paid', tasks: 1, isReady: false },
    { queue: 'vision.paid', tasks: 64, isReady: true },
  ])
  expect(await expireTasks(store.db, tomorrow)).toBe(0)
  await store.db.query(`update release_room set out_since = out_since - interval '1 h'`)
  await keepReleaseRoom(store.db, [{ queue: 'text.paid', tasks: 0, isReady: false }])
  expect(await expireTasks(store.db, new Date(tomorrow.getTime() - 60_000))).toBe(0)
  expect(await expireTasks(store.db, tomorrow)).toBe(1)
  const countsOf = async ({ batchId }: typeof out) => (await getBatch(store.db, TENANT, batchId))?.counts
  expect([await countsOf(out), await countsOf(other)]).toMatchObject([{ expired: 1 }, { queued: 1 }])
})

test('a queue that was out and is answered again is not given up', async () => {
  await store.submit({ queue: 'text.paid' })
  await keepReleaseRoom(store.db, [{ queue: 'text.paid', tasks: 1, isReady: false }])
  await store.db.query(`update release_room set out_since = out_since - interval '1 h'`)
  await keepReleaseRoom(store.db, [{ queue: 'text.paid', tasks: 9, isReady: true }])
  await keepReleaseRoom(store.db, [{ queue: 'text.paid', tasks: 1, isReady: false }])
  expect(await expireTasks(store.db, new Date(Date.now() + 86_400_000))).toBe(0)
})

test('who waits is told of every task and batch that has ended, in one question', async () => {
  const { batchId, taskIds } = await mixed()
  const open = await store.submit()
  const ask = { taskIds: [...taskIds, ...open.taskIds], batchIds: [batchId, open.batchId] }
  expect(await endedAmong(store.db, ask)).toEqual({ taskIds: new Set(taskIds.slice(0, 2)), batchIds: new Set() })
  await cancelBatch(store.db, TENANT, batchId)
  expect(await endedAmong(store.db, ask)).toEqual({ taskIds: new Set(taskIds), batchIds: new Set([batchId]) })
})

// PROTOCOL 5: every terminal write, whoever does it
test('every ending stands in the outbox until it is cleared, by many at once', async () => {
  const { batchId, taskIds } = await mixed()
  await cancelBatch(store.db, TENANT, batchId)
  const mine = async () =>
    (await takeResults(store.db, { olderThanMs: 0, limit: 1_000 })).filter(({ taskId }) => taskIds.includes(taskId))
  expect((await mine()).map((result) => result.status).toSorted()).toEqual([
    ...Array.from({ length: 4 }, () => 'cancelled'),
    'failed',
    'succeeded',
  ])
  await Promise.all(
    [taskIds, taskIds.toReversed(), taskIds, taskIds.toReversed()].map((ids) => clearResults(store.db, ids)),
  )
  expect(await mine()).toEqual([])
})
