import { type BatchId, firstIdAt, type TargetName, TaskId, TenantId } from '@magictask/domain'
import { newBatchId, newTaskId } from '@magictask/runtime'
import {
  failed,
  makeSubmission,
  openStoreUnderTest,
  recordOf,
  type StoreUnderTest,
  succeeded,
  TENANT,
} from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  cancelBatch,
  cancelTask,
  clearResults,
  createBatch,
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
  expect(await expireTasks(store.db)).toBe(0)
  await store.db.query('select pg_sleep(0.6)')
  expect(await store.claim(await store.hire(), taskIds.slice(1))).toEqual([])
  expect(await expireTasks(store.db)).toBe(2)
  expect((await getBatch(store.db, TENANT, batchId))?.counts).toMatchObject({ expired: 2, running: 1 })
  const { taskId, fence } = running ?? fail()
  const outcome = { taskId, fence, state: 'expired', results: '[]', degraded: false } as const
  await settleTasks(store.db, { outcomes: [outcome], calls: [], answers: [] })
  expect((await getBatch(store.db, TENANT, batchId))?.counts).toMatchObject({ expired: 3, running: 0 })
  expect((await getBatch(store.db, TENANT, later.batchId))?.counts).toMatchObject({ queued: 1 })
})

/** A task that was submitted so long ago, by its id. */
async function submitEarlier(agoMs: number, wishes: Parameters<typeof makeSubmission>[0] = {}) {
  const submission = makeSubmission(wishes)
  const { tasks, batchId } = submission
  const taskId = TaskId.parse(`${firstIdAt(Date.now() - agoMs).slice(0, 14)}7000-8000-${batchId.slice(-12)}`)
  await createBatch(store.db, {
    ...submission,
    tasks: tasks.map((task) => ({ ...task, taskId, record: recordOf(taskId) })),
  })
  return { batchId, taskId }
}

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const countsOf = async ({ batchId }: { batchId: BatchId }) => (await getBatch(store.db, TENANT, batchId))?.counts
const TWO_QUEUES = [
  { queue: 'text.paid', tasks: 1, isReady: false },
  { queue: 'vision.paid', tasks: 64, isReady: true },
] as const

test('a task without a deadline waits a day for a queue that nobody may answer, and no longer', async () => {
  const out = await submitEarlier(DAY_MS + MINUTE_MS, { queue: 'text.paid' })
  const young = await submitEarlier(DAY_MS - MINUTE_MS, { queue: 'text.paid' })
  const other = await submitEarlier(DAY_MS + MINUTE_MS, { queue: 'vision.paid' })
  await keepReleaseRoom(store.db, TWO_QUEUES)
  expect(await expireTasks(store.db)).toBe(0)
  await store.db.query(`update release_room set out_since = out_since - interval '1 h'`)
  await keepReleaseRoom(store.db, [{ queue: 'text.paid', tasks: 0, isReady: false }])
  expect(await expireTasks(store.db)).toBe(1)
  expect(await Promise.all([out, young, other].map(countsOf))).toMatchObject([
    { expired: 1 },
    { queued: 1 },
    { queued: 1 },
  ])
})

test('a queue that was out and is answered again is not given up, not even at the last moment', async () => {
  const { taskId } = await submitEarlier(2 * DAY_MS, { queue: 'text.paid' })
  const outForLong = async () => {
    await keepReleaseRoom(store.db, [{ queue: 'text.paid', tasks: 1, isReady: false }])
    await store.db.query(`update release_room set out_since = out_since - interval '1 h'`)
  }
  const back = () => keepReleaseRoom(store.db, [{ queue: 'text.paid', tasks: 9, isReady: true }])
  await outForLong()
  await back()
  await keepReleaseRoom(store.db, [{ queue: 'text.paid', tasks: 1, isReady: false }])
  expect(await expireTasks(store.db)).toBe(0)

  await outForLong()
  const expired = await store.db.transaction(async (queries) => {
    await queries.query('select from tasks where id = $1 for update', [taskId])
    const expiring = expireTasks(store.db)
    await store.untilBlocked()
    await back()
    return { expiring }
  })
  expect(await expired.expiring).toBe(0)
})

test('whoever waits a day for a target that is out is given up too, for a key or for anything else, whatever else its queue has', async () => {
  await store.db.query(
    `insert into targets (name, state, reason, since) select 'p/' || reason, 'open', reason, now() - interval '1 h'
     from unnest('{auth_refused,quota_exhausted,unavailable,back}'::text[]) as reason`,
  )
  await store.db.query(`insert into targets (name, state, reason) values ('p/just-now', 'open', 'unavailable')`)
  const worker = await store.hire()
  const waitFor = async (waitsFor: TargetName, agoMs = 2 * DAY_MS) => {
    const task = await submitEarlier(agoMs)
    const { fence } = await store.claimOne(worker, task.taskId)
    const outcome = { taskId: task.taskId, fence, state: 'queued', counted: true, waitMs: MINUTE_MS, waitsFor } as const
    await settleTasks(store.db, { outcomes: [outcome], calls: [], answers: [] })
    return task
  }
  const ended = [await waitFor('p/auth_refused'), await waitFor('p/quota_exhausted'), await waitFor('p/unavailable')]
  const back = await waitFor('p/back')
  await store.db.query(`update targets set state = 'ramping' where name = 'p/back'`)
  const left = [back, await waitFor('p/just-now'), await waitFor('p/unavailable', DAY_MS - MINUTE_MS)]
  expect(await expireTasks(store.db)).toBe(3)
  expect(await Promise.all(ended.map(countsOf))).toMatchObject([{ expired: 1 }, { expired: 1 }, { expired: 1 }])
  expect(await Promise.all(left.map(countsOf))).toMatchObject([{ queued: 1 }, { queued: 1 }, { queued: 1 }])
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
