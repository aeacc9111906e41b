import { POISON, type TaskId, type WorkerId } from '@magictask/domain'
import { offerOf, openStoreUnderTest, type StoreUnderTest, TENANT } from '@magictask/testkit'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { claimTasks, getBatch, getTask, readBeats, removeWorker, rescueTasks } from '../src/index.ts'

// PROTOCOL 2: a task of a dead worker; INCIDENTS 5

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(async () => {
  for (const { workerId } of await readBeats(store.db)) await removeWorker(store.db, workerId)
  await rescueTasks(store.db, [])
})

async function die(workerId: WorkerId) {
  return rescueTasks(
    store.db,
    (await readBeats(store.db)).filter((beat) => beat.workerId === workerId),
  )
}

async function deathsOf(taskIds: readonly TaskId[]): Promise<readonly number[]> {
  const rows = await store.db.query<{ deaths: number }>('select deaths from tasks where id = any($1) order by id', [
    taskIds,
  ])
  return rows.map((row) => row.deaths)
}

async function offer(workerId: WorkerId, taskIds: readonly TaskId[], suspectRoom: number) {
  const claims = await claimTasks(store.db, {
    workerId,
    offers: taskIds.map(offerOf),
    suspectRoom,
    suspectFrom: POISON.suspectFrom,
  })
  return claims.map((claim) => claim.kind)
}

/** Everything that ran beside the killer is a suspect after two deaths. */
async function suspects(count: number): Promise<readonly TaskId[]> {
  const { taskIds } = await store.submit({ count })
  for (let death = 0; death < POISON.suspectFrom; death++) {
    const worker = await store.hire()
    await store.claim(worker, taskIds)
    await die(worker)
  }
  return taskIds
}

test('a worker is given as many suspects as it has room for, and told which it was not given', async () => {
  const taskIds = await suspects(3)
  const worker = await store.hire()
  expect(await offer(worker, taskIds, 0)).toEqual(['suspect', 'suspect', 'suspect'])
  expect(await offer(worker, taskIds, 1)).toEqual(['claimed', 'suspect', 'suspect'])
  expect(await offer(worker, taskIds, 1)).toEqual(['skipped', 'claimed', 'suspect'])
})

test('when a worker dies that held a suspect, only its deaths rise, and all wait again', async () => {
  const [suspect] = await suspects(1)
  const { taskIds } = await store.submit({ count: 5 })
  if (suspect === undefined) throw new Error('nothing was submitted')
  const worker = await store.hire()
  await store.claim(worker, [suspect, ...taskIds])
  const other = await store.hire()
  const { taskIds: elsewhere } = await store.submit({ count: 2 })
  await store.claim(other, elsewhere)
  for (const dead of [worker, other]) await removeWorker(store.db, dead)
  const { queued } = await rescueTasks(store.db, [])
  expect(queued.toSorted()).toEqual([suspect, ...taskIds, ...elsewhere].toSorted())
  expect(await deathsOf([suspect])).toEqual([3])
  expect(await deathsOf(taskIds)).toEqual([0, 0, 0, 0, 0])
  expect(await deathsOf(elsewhere)).toEqual([1, 1])
})

// PROTOCOL 2: 64 in flight beside one killer are all poison after three deaths
test('one killer among 64 is poison after five deaths and says so, and the others end well', async () => {
  const batch = await store.submit({ count: 64 })
  const killer = batch.taskIds[20]
  if (killer === undefined) throw new Error('nothing was submitted')
  let poisoned: readonly TaskId[] = []
  let deaths = 0
  while (poisoned.length === 0) {
    deaths++
    const worker = await store.hire()
    // the killer comes first when only one suspect may
    await offer(worker, [killer], 1)
    await offer(worker, batch.taskIds, 0)
    poisoned = (await die(worker)).poisoned
  }
  expect(deaths).toBe(POISON.failFrom)
  expect(poisoned).toEqual([killer])
  expect(await getTask(store.db, TENANT, killer)).toMatchObject({
    status: 'failed',
    results: '[]',
    error: expect.stringContaining('"task.poison"'),
  })
  expect((await getBatch(store.db, TENANT, batch.batchId))?.counts).toMatchObject({ failed: 1, queued: 63 })
  expect(Math.max(...(await deathsOf(batch.taskIds.filter((id) => id !== killer))))).toBe(POISON.suspectFrom)
})

test('more dead workers than one rescue takes are taken one after another, each with all that it held', async () => {
  const { taskIds } = await store.submit({ count: 2_400 })
  const workers = await Promise.all([store.hire(), store.hire(), store.hire(), store.hire()])
  const [suspect] = await suspects(1)
  if (suspect === undefined) throw new Error('nothing was submitted')
  await Promise.all(workers.map((worker, n) => store.claim(worker, taskIds.slice(n * 600, n * 600 + 600))))
  for (const worker of workers) await store.claim(worker, [suspect])
  for (const worker of workers) await removeWorker(store.db, worker)
  const sizes: number[] = []
  for (let left = 2_401; left > 0; ) {
    const { queued } = await rescueTasks(store.db, [])
    sizes.push(queued.length)
    left -= queued.length
  }
  expect(sizes.every((size) => size >= 600)).toBe(true)
  expect((await deathsOf(taskIds)).reduce((sum, deaths) => sum + deaths, 0)).toBe(1_800)
  expect(await deathsOf([suspect])).toEqual([3])
})
