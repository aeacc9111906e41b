import { firstIdAt, TaskId, timeOfId } from '@magictask/domain'
import {
  callOf,
  makeSubmission,
  offerOf,
  openStoreUnderTest,
  recordOf,
  type StoreUnderTest,
  succeeded,
  TENANT,
} from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  cancelBatch,
  claimTasks,
  createBatch,
  getBatch,
  getTask,
  listTasks,
  lostTasks,
  makePartitions,
  markReleased,
  type Queries,
  rescueTasks,
  settleTasks,
} from '../src/index.ts'

// PROTOCOL 8; INCIDENTS 22, 25

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterAll(() => store[Symbol.asyncDispose]())

const DAY_MS = 86_400_000

const partitionsOf = async (table: string) =>
  (
    await store.db.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = $1::regclass order by 1`,
      [table],
    )
  ).map((row) => row.name)

/** A submission whose ids say that it is another day. */
function ofAnotherDay(timeMs: number, count: number) {
  const submission = makeSubmission()
  const [task] = submission.tasks
  if (task === undefined) throw new Error('it has a task')
  const tasks = Array.from({ length: count }, (_, index) => {
    const [time] = [firstIdAt(timeMs).slice(0, 14)]
    const taskId = TaskId.parse(`${time}7000-8000-${String(index).padStart(12, '0')}`)
    return { ...task, taskId, record: recordOf(taskId) }
  })
  return { ...submission, tasks }
}

test('the ids of a skewed clock make their own partitions, also when eight submit at once, and with a key', async () => {
  const past = Date.now() - 400 * DAY_MS
  const midnight = Math.ceil((Date.now() + 300 * DAY_MS) / DAY_MS) * DAY_MS
  await createBatch(store.db, {
    ...ofAnotherDay(past, 3),
    idempotency: { route: 'generate', key: 'skewed', bodyHash: Buffer.alloc(32) },
  })
  const one = ofAnotherDay(midnight - 1, 1)
  const overMidnight = { ...one, tasks: [...one.tasks, ...ofAnotherDay(midnight, 1).tasks] }
  const others = Array.from({ length: 7 }, (_, index) => ofAnotherDay(midnight + 1_000 + index, 1))
  const all = [overMidnight, ...others]
  await Promise.all(all.map((submission) => createBatch(store.db, submission)))
  for (const { batchId, tasks } of all) {
    expect((await getBatch(store.db, TENANT, batchId))?.counts.queued).toBe(tasks.length)
    const ids = tasks.map((task) => task.taskId)
    expect(await store.claim(await store.hire(), ids)).toHaveLength(tasks.length)
  }
  expect(await partitionsOf('tasks')).toHaveLength(8 + 1 + 2)
})

test('partitions are made a week ahead, by many at once, and what is there is left alone', async () => {
  const from = new Date(Date.now() + 30 * DAY_MS)
  await Promise.all(Array.from({ length: 6 }, () => makePartitions(store.db, from)))
  for (const table of ['tasks', 'payloads', 'results', 'answers', 'model_calls']) {
    expect(await partitionsOf(table)).toEqual((await partitionsOf('tasks')).map((name) => name.replace('tasks', table)))
  }
})

/** Runs the verb on a store that explains each statement before it runs it; gives the plans without what is never executed. */
async function plansOf(verb: (db: Queries) => Promise<unknown>, explain = 'explain (costs off)'): Promise<string> {
  const plans: string[] = []
  await verb({
    async query(text, values) {
      const rows = await store.db.query<{ 'QUERY PLAN': string }>(`${explain} ${text}`, values)
      plans.push(...rows.map((row) => row['QUERY PLAN']).filter((line) => !line.includes('never executed')))
      return store.db.query(text, values)
    },
  })
  return plans.join('\n')
}

/** For verbs that only read: what was touched when it ran. */
const touchedBy = (verb: (db: Queries) => Promise<unknown>) => plansOf(verb, 'explain (analyze, costs off, timing off)')

const daysIn = (plan: string, table: string) => new Set(plan.match(new RegExp(`\\b${table}_\\d{8}\\b`, 'g')))

test('claim, settle and release touch the partitions of their ids alone', async () => {
  const { taskIds, batchId } = await store.submit({ count: 5 })
  const workerId = await store.hire()
  const claims = await plansOf((db) =>
    claimTasks(db, { workerId, offers: taskIds.map(offerOf), suspectRoom: 1, suspectFrom: 2 }),
  )
  expect(daysIn(claims, 'tasks').size).toBe(1)
  const settles = await plansOf((db) =>
    settleTasks(db, {
      outcomes: taskIds.slice(1).map((taskId) => succeeded({ taskId, fence: 1 })),
      calls: taskIds.map((taskId) => callOf({ taskId, fence: 1 }, batchId)),
      answers: [],
    }),
  )
  expect(daysIn(settles, 'tasks').size).toBe(1)
  const lost = await plansOf((db) => lostTasks(db, [{ taskId: taskIds[0] ?? fail(), fence: 1 }]))
  expect(daysIn(lost, 'tasks').size).toBe(1)
  const low = await store.submit({ count: 3, lane: 'low' })
  await store.db.query(`update waiting set released_until = null where lane = 'low'`)
  const marks = await plansOf((db) => markReleased(db, { holder: workerId, leaseMs: 1, taskIds: low.taskIds }))
  expect(daysIn(marks, 'payloads').size).toBe(1)
})

function fail(): never {
  throw new Error('nothing was submitted')
}

test('one task, and a batch under way, are read from their own day alone', async () => {
  const { taskIds, batchId } = await store.submit()
  await store.claim(await store.hire(), taskIds)
  const [taskId] = taskIds
  const task = await touchedBy((db) => getTask(db, TENANT, taskId ?? fail()))
  for (const table of ['tasks', 'results', 'payloads', 'model_calls'])
    expect([table, daysIn(task, table).size]).toEqual([table, 1])
  const batch = await touchedBy((db) => getBatch(db, TENANT, batchId))
  expect(daysIn(batch, 'tasks').size).toBe(1)
})

test('among forty thousand ended tasks, the questions that are asked every second use their indexes', async () => {
  for (let batch = 0; batch < 4; batch++) {
    const { tenant, batchId } = await store.submit({ count: 10_000 })
    await cancelBatch(store.db, tenant, batchId)
  }
  await store.db.query('analyze')
  const batch = await store.submit({ count: 50 })
  await store.claim(await store.hire(), batch.taskIds)
  const day = new Date(timeOfId(batch.batchId)).toISOString().slice(0, 10).replaceAll('-', '')
  const wasteful = new RegExp(`Seq Scan on (?:tasks|results|payloads)_${day}|rows=\\d{4}`)
  expect(await touchedBy((db) => getBatch(db, TENANT, batch.batchId))).not.toMatch(wasteful)
  expect(await touchedBy((db) => rescueTasks({ ...store.db, query: db.query }, []))).not.toMatch(wasteful)
  const view = await getBatch(store.db, TENANT, batch.batchId)
  for (const filter of [{}, view && { batch: view }, { after: batch.taskIds[40] ?? fail() }]) {
    const list = await touchedBy((db) => listTasks(db, { tenant: TENANT, limit: 50, withResults: true, ...filter }))
    expect(list).not.toMatch(wasteful)
  }
})

test('no statement is compiled, which takes seconds where running takes milliseconds', async () => {
  expect(await store.db.query('show jit')).toEqual([{ jit: 'off' }])
  expect(await store.db.transaction((queries) => queries.query('show jit'))).toEqual([{ jit: 'off' }])
})
