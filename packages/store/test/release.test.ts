import { type Lane, TenantId } from '@magictask/domain'
import { newWorkerId } from '@magictask/runtime'
import { makeSubmission, recordOf, TENANT } from '@magictask/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  cancelBatch,
  countWaiting,
  countWaitingByLane,
  createBatch,
  keepReleaseRoom,
  renewLease,
  tendWaiting,
} from '../src/index.ts'
import { openReleaseUnderTest, type ReleaseUnderTest } from './release-under-test.ts'

// PROTOCOL 3

let store: ReleaseUnderTest
beforeEach(async () => {
  store = await openReleaseUnderTest()
})
afterEach(() => store[Symbol.asyncDispose]())

test('a mark gives the record as it was submitted, and is given once', async () => {
  const taskIds = await store.waiting({ count: 3 })
  const released = await store.mark(taskIds)
  expect(released.holds).toBe(true)
  expect(new Set(released.tasks)).toEqual(
    new Set(taskIds.map((taskId) => ({ taskId, lane: 'normal', record: recordOf(taskId) }))),
  )
  expect(await store.mark(taskIds)).toEqual({ holds: true, tasks: [] })
  expect(await store.order()).toEqual([])
})

test('a task that was claimed or cancelled since it was looked at is not released', async () => {
  const taskIds = await store.waiting({ count: 3 })
  await store.claim(await store.hire(), taskIds.slice(0, 1))
  await store.db.query('delete from waiting where task_id = $1', [taskIds[1]])
  expect((await store.mark(taskIds)).tasks.map(({ taskId }) => taskId)).toEqual(taskIds.slice(2))
})

test('the fleet takes its idle slots, a quarter of a second of what it settles and two a worker; without one, enough to wake one', async () => {
  expect((await store.tend()).fleet).toEqual({
    tasks: 64,
    ahead: 0,
    routes: [],
    heldTargets: [],
    parked: new Map(),
    parkedForType: new Map(),
  })
  const [busy] = [await store.hire(), await store.hire()]
  await renewLease(store.db, busy, { running: 60, settledPerSecond: 41 })
  await store.db.query(
    `update workers set routes = '{"text.free": [{"target": "p/m", "most": 3}]}' where worker_id = $1`,
    [busy],
  )
  await store.db.query(
    `insert into targets (name, state, most, forced) values ('p/m', 'ramping', 2, null), ('p/n', 'closed', null, 'open'), ('p/o', 'open', null, 'closed')`,
  )
  const { fleet } = await store.tend()
  expect(fleet.tasks).toBe(4 + 64 + Math.ceil(41 / 4) + 2 * 2)
  expect(fleet.routes).toHaveLength(2)
  expect(fleet.routes).toContainEqual({ 'text.free': [{ target: 'p/m', most: 3 }] })
  expect(fleet.heldTargets.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { name: 'p/m', state: 'ramping', most: 2 },
    { name: 'p/n', state: 'open', most: null },
  ])
})

test('a submission is released at once as far as its queue has room, and not while something waits before it', async () => {
  await keepReleaseRoom(store.db, [{ queue: 'text.free', tasks: 5, isReady: true }])
  const released = async (lane: Lane, count: number) => {
    const created = await createBatch(store.db, makeSubmission({ lane, count }))
    return created.kind === 'created' ? created.released.size : undefined
  }
  expect(await released('normal', 3)).toBe(3)
  expect(await released('low', 9)).toBe(5)
  expect(await released('normal', 3)).toBe(2)
  await store.db.query('update waiting set released_until = null')
  expect(await released('high', 1)).toBe(1)
  expect(await released('normal', 1)).toBe(0)
})

test('of many who would release at once only one does, and no task is marked twice', async () => {
  const taskIds = await store.waiting({ count: 300 })
  const holders = Array.from({ length: 10 }, newWorkerId)
  const rounds = await Promise.all(holders.map((one) => store.mark(taskIds, { holder: one })))
  expect(rounds.filter((round) => round.holds)).toHaveLength(1)
  const ids = rounds.flatMap(({ tasks }) => tasks.map(({ taskId }) => taskId))
  expect(ids.toSorted()).toEqual(taskIds)
})

test('a lease that ran out goes to whoever asks next, and the frozen holder does not get it back', async () => {
  const [one, two, three] = (await store.waiting({ count: 3 })).map((taskId) => [taskId])
  expect(await store.mark(one ?? [], { leaseMs: 1 })).toMatchObject({ holds: true })
  await store.db.query('select pg_sleep(0.01)')
  const other = newWorkerId()
  expect(await store.mark(two ?? [], { holder: other })).toMatchObject({ holds: true })
  expect(await store.mark(three ?? [])).toEqual({ holds: false, tasks: [] })
  expect(await store.tend()).toMatchObject({ holds: false, charges: [] })
  expect(await tendWaiting(store.db, { holder: other, leaseMs: 3_000 })).toMatchObject({ holds: true })
})

test('whoever does not hold the lease leaves what is due, lost and charged as it is', async () => {
  await store.waiting({ count: 2 })
  await tendWaiting(store.db, { holder: newWorkerId(), leaseMs: 60_000 })
  await store.db.query(
    `update waiting set due_at = now() where task_id = (select min(task_id::text)::uuid from waiting)`,
  )
  await store.db.query('update waiting set released_until = now() where due_at is null')
  await store.db.query(`insert into fair_charges values ('a', 'low', 'text.free', 5)`)
  const before = await store.rows('*')
  expect(await store.tend()).toMatchObject({ holds: false, charges: [] })
  expect(await store.rows('*')).toEqual(before)
  expect(await store.db.query('select tokens from fair_charges')).toEqual([{ tokens: 5 }])
})

test('what is cancelled while it waits is not released', async () => {
  const submission = makeSubmission({ count: 100, lane: 'low' })
  await createBatch(store.db, submission)
  await cancelBatch(store.db, TENANT, submission.batchId)
  expect(await store.mark(submission.tasks.map(({ taskId }) => taskId))).toEqual({ holds: true, tasks: [] })
  expect(await store.db.query('select 1 from waiting')).toEqual([])
})

test('who waits is counted, by tenant and by lane', async () => {
  await store.waiting({ count: 3, lane: 'high' })
  await store.submit({ count: 2, tenant: TenantId.parse('neighbour') })
  expect([await countWaiting(store.db, TENANT), await countWaiting(store.db)]).toEqual([3, 5])
  expect((await countWaitingByLane(store.db)).toSorted((a, b) => a.waiting - b.waiting)).toEqual([
    { lane: 'normal', waiting: 2 },
    { lane: 'high', waiting: 3 },
  ])
})
