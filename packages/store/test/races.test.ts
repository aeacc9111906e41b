import type { TaskId, WorkerId } from '@magictask/domain'
import {
  givenBack,
  offerOf,
  openStoreUnderTest,
  retried,
  type StoreUnderTest,
  succeeded,
  TENANT,
} from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  cancelBatch,
  cancelTask,
  claimTasks,
  expireTasks,
  markReleased,
  type Queries,
  readBeats,
  removeWorker,
  renewLease,
  rescueTasks,
  settleTasks,
} from '../src/index.ts'

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterAll(() => store[Symbol.asyncDispose]())

const settle = (db: Queries, ...outcomes: Parameters<typeof settleTasks>[1]['outcomes']) =>
  settleTasks(db, { outcomes, calls: [], answers: [] })

/** Runs `first` in a transaction that stays open until `second` waits for its locks; gives what `second` came to. */
async function behind<Result>(
  first: (db: Queries) => Promise<unknown>,
  second: () => Promise<Result>,
): Promise<Result> {
  let waiting: Promise<Result> | undefined
  await store.db.transaction(async (queries) => {
    await first(queries)
    waiting = second()
    await store.untilBlocked()
  })
  if (waiting === undefined) throw new Error('It never began')
  return waiting
}

async function rowOf(taskId: TaskId) {
  const [row] = await store.db.query<{ state: string; fence: number; deaths: number; waiting: boolean }>(
    `select state, fence, deaths, exists (select from waiting where task_id = id) as waiting from tasks where id = $1`,
    [taskId],
  )
  return row
}

async function running(): Promise<{ readonly taskId: TaskId; readonly fence: number }> {
  const { taskIds } = await store.submit()
  const [taskId] = taskIds
  if (taskId === undefined) throw new Error('nothing was submitted')
  return store.claimOne(await store.hire(), taskId)
}

// INCIDENTS 1
test('a rescue that waited for a settle does not turn a completed task back', async () => {
  const claim = await running()
  await dismissAll()
  const rescued = await behind(
    (db) => settle(db, succeeded(claim)),
    () => rescueTasks(store.db, []),
  )
  expect(rescued).toEqual({ queued: [], poisoned: [] })
  expect(await rowOf(claim.taskId)).toMatchObject({ state: 'succeeded', deaths: 0, waiting: false })
})

// PROTOCOL 1: state and fence in the outer WHERE
test('a rescue that waited takes nothing from the living worker that claimed meanwhile', async () => {
  const [first, second] = [await running(), await running()]
  await dismissAll()
  const living = await store.hire()
  let rescue: ReturnType<typeof rescueTasks> | undefined
  await store.db.transaction(async (queries) => {
    await queries.query('select from tasks where id = $1 for update', [first.taskId])
    rescue = rescueTasks(store.db, [])
    await store.untilBlocked()
    await settle(store.db, retried(second))
    expect(await store.claimOne(living, second.taskId)).toMatchObject({ fence: 2 })
  })
  expect((await rescue)?.queued).toEqual([first.taskId])
  expect(await rowOf(second.taskId)).toMatchObject({ state: 'running', fence: 2, deaths: 0 })
  await cancelTask(store.db, TENANT, second.taskId)
})

// PROTOCOL 2: rescue is a repeated question
test('a claim that was under way while its worker was taken for dead is found by the next rescue', async () => {
  const { taskIds } = await store.submit()
  const worker = await store.hire()
  await store.db.transaction(async (queries) => {
    const [claim] = await claimWith(queries, worker, taskIds)
    expect(claim).toMatchObject({ kind: 'claimed' })
    await dismissAll()
    expect(await rescueTasks(store.db, [])).toEqual({ queued: [], poisoned: [] })
  })
  expect(await rescueTasks(store.db, [])).toEqual({ queued: taskIds, poisoned: [] })
})

// PROTOCOL 2: who is dead is seen
test('a worker that renews while it is being taken for dead keeps its row and its tasks', async () => {
  const worker = await store.hire()
  const { taskIds } = await store.submit()
  await store.claim(worker, taskIds)
  const dead = (await readBeats(store.db)).filter((beat) => beat.workerId === worker)
  const rescued = await behind(
    async (db) => {
      await renewLease(db, worker, { running: 1, settledPerSecond: 0 })
    },
    () => rescueTasks(store.db, dead),
  )
  expect(rescued).toEqual({ queued: [], poisoned: [] })
  expect(await renewLease(store.db, worker, { running: 1, settledPerSecond: 0 })).toBe(true)
})

// PROTOCOL 3: one waiting row while a task is queued
test('a cancellation that waited for a give-back leaves nothing waiting', async () => {
  const claim = await running()
  const outcome = await behind(
    (db) => settle(db, givenBack(claim)),
    () => cancelTask(store.db, TENANT, claim.taskId),
  )
  expect(outcome).toEqual({ kind: 'cancelled' })
  expect(await rowOf(claim.taskId)).toMatchObject({ state: 'cancelled', waiting: false })
})

test('a settle that waited for a cancellation is refused, and the other way round the ending stays', async () => {
  const [first, second] = [await running(), await running()]
  const late = await behind(
    (db) => db.query(`update tasks set state = 'cancelled' where id = $1`, [first.taskId]),
    () => settle(store.db, succeeded(first)),
  )
  expect(late.get(first.taskId)).toBe('refused')
  const outcome = await behind(
    (db) => settle(db, succeeded(second)),
    () => cancelTask(store.db, TENANT, second.taskId),
  )
  expect(outcome).toEqual({ kind: 'already-ended', status: 'succeeded' })
})

test('an expiry that waited for a claim does not end the running task', async () => {
  const { taskIds } = await store.submit({ deadline: new Date(Date.now() + 300) })
  const worker = await store.hire()
  const expired = await behind(
    async (db) => {
      await claimWith(db, worker, taskIds)
      await db.query('select pg_sleep(0.4)')
    },
    () => expireTasks(store.db),
  )
  expect(expired).toBe(0)
})

// PROTOCOL 3: the mark is in the statement that holds the lease
test('a releaser that waited for a frozen one marks nothing a second time', async () => {
  const { taskIds } = await store.submit({ count: 200, lane: 'low' })
  await store.db.query('update waiting set released_until = null')
  const ask = { leaseMs: 1, taskIds }
  let first: readonly string[] = []
  const second = await behind(
    async (db) => {
      first = (await markReleased(db, { ...ask, holder: await store.hire() })).tasks.map((task) => task.taskId)
      await db.query('select pg_sleep(0.05)')
    },
    async () => markReleased(store.db, { ...ask, holder: await store.hire() }),
  )
  expect(first.toSorted()).toEqual(taskIds)
  expect(second.tasks.filter((task) => first.includes(task.taskId))).toEqual([])
})

// PROTOCOL 5: the last two tasks settle side by side
test('the last two tasks of a batch settle side by side, and it ends exactly once', async () => {
  for (let round = 0; round < 40; round++) {
    const batch = await store.submit({ count: 2 })
    const claims = await store.claim(await store.hire(), batch.taskIds)
    await Promise.all(claims.map((claim) => settle(store.db, succeeded(claim))))
    const [row] = await store.db.query(
      'select open, succeeded, finished_at is not null as ended from batches where batch_id = $1',
      [batch.batchId],
    )
    expect(row).toEqual({ open: 0, succeeded: 2, ended: true })
  }
})

// PROTOCOL 1: a terminal state never changes
test('of a settle and a cancellation that race, exactly one wins', async () => {
  for (let round = 0; round < 40; round++) {
    const batch = await store.submit()
    const [claim] = await store.claim(await store.hire(), batch.taskIds)
    if (claim === undefined) throw new Error('not claimed')
    const [settled, cancelled] = await Promise.all([
      settle(store.db, succeeded(claim)),
      round % 2 === 0 ? cancelTask(store.db, TENANT, claim.taskId) : cancelBatch(store.db, TENANT, batch.batchId),
    ])
    const won = 'kind' in cancelled ? cancelled.kind === 'cancelled' : cancelled.cancelled === 1
    expect([settled.get(claim.taskId), won]).toEqual(won ? ['refused', true] : ['settled', false])
    expect(await rowOf(claim.taskId)).toMatchObject({ state: won ? 'cancelled' : 'succeeded', waiting: false })
  }
})

async function dismissAll(): Promise<void> {
  for (const { workerId } of await readBeats(store.db)) await removeWorker(store.db, workerId)
}

const claimWith = (db: Queries, workerId: WorkerId, taskIds: readonly TaskId[]) =>
  claimTasks(db, { workerId, offers: taskIds.map(offerOf), suspectRoom: 1, suspectFrom: 2 })
