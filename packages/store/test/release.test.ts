import { type TaskId, TenantId } from '@magictask/domain'
import { newWorkerId } from '@magictask/runtime'
import { makeSubmission, openStoreUnderTest, recordOf, retried, type StoreUnderTest, TENANT } from '@magictask/testkit'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import {
  cancelBatch,
  countWaiting,
  countWaitingByLane,
  createBatch,
  markReleased,
  removeWorker,
  renewLease,
  settleTasks,
} from '../src/index.ts'

// PROTOCOL 3

let store: StoreUnderTest
beforeEach(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterEach(() => store[Symbol.asyncDispose]())

const holder = newWorkerId()
const release = (changes: { readonly holder?: string; readonly leaseMs?: number } = {}) =>
  markReleased(store.db, {
    holder,
    leaseMs: 3_000,
    lanes: ['high', 'normal', 'low'],
    queues: ['text.free', 'text.paid'],
    ...changes,
  })
const idsOf = (released: Awaited<ReturnType<typeof release>>) => released.tasks.map((task) => task.taskId)
const runOut = (taskIds: readonly TaskId[]) =>
  store.db.query(`update waiting set released_until = now() - interval '1 ms' where task_id = any($1)`, [taskIds])

/** Waiting tasks of which none was released with its submission. */
async function waiting(count: number, lane: 'high' | 'normal' | 'low' = 'normal') {
  const batch = await store.submit({ count, lane })
  await store.db.query('update waiting set released_until = null where task_id = any($1)', [batch.taskIds])
  return batch.taskIds
}

test('what waits is released in the order of submission, with its record as it was submitted', async () => {
  const taskIds = await waiting(100)
  const released = await release()
  expect(released).toMatchObject({ holds: true })
  expect(idsOf(released)).toEqual(taskIds.slice(0, 64))
  expect(released.tasks[0]).toEqual({
    taskId: taskIds[0],
    lane: 'normal',
    tenant: TENANT,
    again: false,
    record: taskIds[0] && recordOf(taskIds[0]),
  })
})

test('the window is never exceeded, a claim makes room, and each lane has its own', async () => {
  const taskIds = await waiting(200)
  expect(idsOf(await release())).toHaveLength(64)
  expect(idsOf(await release())).toEqual([])
  await store.claim(await store.hire(), taskIds.slice(0, 10))
  // one worker with 64 idle slots: 64 and two more
  expect(idsOf(await release())).toEqual(taskIds.slice(64, 76))
  const low = await waiting(10, 'low')
  expect(idsOf(await release())).toEqual(low)
})

test('the window grows with the idle slots of the living and with what they settle, and not beyond', async () => {
  const [busy, idle] = [await store.hire(), await store.hire()]
  await renewLease(store.db, busy, { running: 60, settledPerSecond: 41 })
  await waiting(500)
  expect(idsOf(await release())).toHaveLength(4 + 64 + Math.ceil(41 / 2) + 2 * 2)
  for (const worker of [busy, idle]) await removeWorker(store.db, worker)
  expect(idsOf(await release())).toEqual([])
})

// PROTOCOL 3: marked, then crashed; or Kafka wiped
test('a mark that runs out is released again, before what never was, and says so', async () => {
  const taskIds = await waiting(100)
  const first = idsOf(await release())
  await runOut(first.slice(10, 13))
  const again = await release()
  expect(again.tasks.map((task) => [task.taskId, task.again])).toEqual(first.slice(10, 13).map((id) => [id, true]))
  await runOut(first)
  const all = await release()
  expect(new Set(idsOf(all))).toEqual(new Set(taskIds.slice(0, 64)))
})

test('a retry is released when it is due and not before', async () => {
  const [taskId] = await waiting(1)
  if (taskId === undefined) throw new Error('nothing waits')
  const claim = await store.claimOne(await store.hire(), taskId)
  await settleTasks(store.db, { outcomes: [retried(claim, 3_600_000)], calls: [], answers: [] })
  expect(idsOf(await release())).toEqual([])
  await store.db.query('update waiting set due_at = now() where task_id = $1', [taskId])
  expect(await release()).toMatchObject({ tasks: [{ taskId, again: false }] })
})

test('of many who would release at once only one does, and no task is marked twice', async () => {
  await waiting(300)
  const holders = Array.from({ length: 10 }, newWorkerId)
  const rounds = await Promise.all(holders.map((one) => release({ holder: one })))
  expect(rounds.filter((round) => round.holds)).toHaveLength(1)
  const ids = rounds.flatMap(idsOf)
  expect(ids).toHaveLength(64)
  expect(new Set(ids).size).toBe(64)
})

test('a lease that ran out goes to whoever asks next, and the frozen holder does not get it back', async () => {
  await waiting(10)
  expect(await release({ leaseMs: 1 })).toMatchObject({ holds: true })
  await store.db.query('select pg_sleep(0.01)')
  const other = newWorkerId()
  expect(await release({ holder: other })).toMatchObject({ holds: true })
  expect(await release()).toEqual({ holds: false, tasks: [] })
  expect(await release({ holder: other })).toMatchObject({ holds: true })
})

test('what is cancelled while it waits is not released', async () => {
  const submission = makeSubmission({ count: 100, lane: 'low' })
  await createBatch(store.db, submission)
  await cancelBatch(store.db, TENANT, submission.batchId)
  await store.db.query(`update leases set until = now() - interval '1 s'`)
  expect(await release()).toEqual({ holds: true, tasks: [] })
  expect(await store.db.query('select 1 from waiting')).toEqual([])
})

test('who waits is counted, by tenant and by lane', async () => {
  await waiting(3, 'high')
  await store.submit({ count: 2, tenant: TenantId.parse('neighbour') })
  expect(await countWaiting(store.db, TENANT)).toEqual({ tenant: 3, all: 5 })
  expect((await countWaitingByLane(store.db)).toSorted((a, b) => a.waiting - b.waiting)).toEqual([
    { lane: 'normal', waiting: 2 },
    { lane: 'high', waiting: 3 },
  ])
})
