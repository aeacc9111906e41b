import { createHash } from 'node:crypto'
import { type TaskId, TenantId } from '@magictask/domain'
import { makeSubmission, openStoreUnderTest, type StoreUnderTest, TENANT } from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  createBatch,
  findAnswer,
  forgetOldKeys,
  getBatch,
  getTask,
  listTasks,
  openDatabase,
  type Submission,
} from '../src/index.ts'

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterAll(() => store[Symbol.asyncDispose]())

const keyed = (key: string, body: string): Submission => ({
  ...makeSubmission({ count: 2 }),
  answer: `{"body":"${body}"}`,
  idempotency: { route: 'generate', key, bodyHash: createHash('sha256').update(body).digest() },
})

const batchesOf = async (...submissions: readonly Submission[]) => {
  const views = await Promise.all(submissions.map(({ batchId }) => getBatch(store.db, TENANT, batchId)))
  return views.filter((view) => view !== undefined).length
}

// PROTOCOL 6: the same key and body give the same answer again, also after a crash between commit and answer
test('the same key and body again give the first answer, and another body is refused', async () => {
  const [first, again, other] = [keyed('a', 'x'), keyed('a', 'x'), keyed('a', 'y')]
  expect(await createBatch(store.db, first)).toMatchObject({ kind: 'created' })
  const replay = { kind: 'replayed', batchId: first.batchId, answer: first.answer }
  expect(await createBatch(store.db, again)).toEqual(replay)
  await expect(createBatch(store.db, other)).rejects.toMatchObject({ code: 'idempotency.key_reused' })
  expect(await batchesOf(first, again, other)).toBe(1)
  const neighbour = { ...keyed('a', 'y'), tenant: TenantId.parse('neighbour') }
  expect(await createBatch(store.db, neighbour)).toMatchObject({ kind: 'created' })
})

test('of requests with the same key at once one is created, and the others are told so or get its answer', async () => {
  await using other = openDatabase({
    url: store.url,
    name: 'another process',
    maxConnections: 4,
    statementTimeoutMs: 5_000,
    onIdleError: () => undefined,
  })
  for (let round = 0; round < 15; round++) {
    const submissions = Array.from({ length: 6 }, () => keyed(`at once ${round}`, 'x'))
    const came = await Promise.allSettled(submissions.map((one, n) => createBatch(n % 2 === 0 ? store.db : other, one)))
    const kinds = came.map((one) => (one.status === 'fulfilled' ? one.value.kind : one.reason.code))
    expect(kinds.filter((kind) => kind === 'created')).toHaveLength(1)
    expect(kinds.every((kind) => ['created', 'replayed', 'idempotency.in_progress'].includes(kind))).toBe(true)
    expect(await batchesOf(...submissions)).toBe(1)
  }
})

test('a key is free again after a day, and forgotten', async () => {
  const [first, second] = [keyed('old', 'x'), keyed('old', 'y')]
  await createBatch(store.db, first)
  await store.db.query(`update idempotency_keys set created_at = now() - interval '25 hours' where key = 'old'`)
  expect(await createBatch(store.db, second)).toMatchObject({ kind: 'created' })
  expect(await createBatch(store.db, { ...second, batchId: first.batchId })).toMatchObject({ batchId: second.batchId })
  await store.db.query(`update idempotency_keys set created_at = now() - interval '25 hours' where key = 'old'`)
  await forgetOldKeys(store.db)
  expect(await store.db.query(`select 1 from idempotency_keys where key = 'old'`)).toEqual([])
  if (second.idempotency === undefined) throw new Error('it has a key')
  expect(await findAnswer(store.db, TENANT, second.idempotency)).toBeUndefined()
})

test('a submission is stored whole or not at all, its key included', async () => {
  const good = keyed('whole', 'x')
  const [first] = good.tasks
  if (first === undefined) throw new Error('it has tasks')
  const twice = { ...good, tasks: [...good.tasks, first] }
  await expect(createBatch(store.db, twice)).rejects.toThrow()
  expect(await batchesOf(twice)).toBe(0)
  expect(await getTask(store.db, TENANT, first.taskId)).toBeUndefined()
  expect(await createBatch(store.db, good)).toMatchObject({ kind: 'created' })
})

test('ten thousand tasks are stored at once, in order', async () => {
  const submission = makeSubmission({ count: 10_000, lane: 'low' })
  const created = await createBatch(store.db, submission)
  expect(created.kind === 'created' && created.released.size).toBe(64)
  const batch = await getBatch(store.db, TENANT, submission.batchId)
  expect(batch?.counts).toMatchObject({ submitted: 10_000, queued: 10_000 })
  const seen: TaskId[] = []
  for (let after: TaskId | undefined; seen.length < 10_000; after = seen.at(-1)) {
    const page = await listTasks(store.db, {
      tenant: TENANT,
      limit: 1_000,
      withResults: false,
      ...(batch === undefined ? {} : { batch }),
      ...(after === undefined ? {} : { after }),
    })
    seen.push(...page.map((task) => task.taskId))
  }
  expect(seen).toEqual(submission.tasks.map((task) => task.taskId))
})

// PROTOCOL 3: put on Kafka directly if nothing due waits in its lane and the window has room
test('a submission is released with its commit only while nothing due waits before it', async () => {
  const submit = async () => {
    const created = await createBatch(store.db, makeSubmission({ count: 40, lane: 'high' }))
    return created.kind === 'created' ? created.released.size : -1
  }
  expect(await submit()).toBe(40)
  expect(await submit()).toBe(24) // the window is 64
  await store.db.query(`delete from waiting where lane = 'high' and released_until is not null`)
  expect(await submit()).toBe(0) // there is room, but sixteen wait
  await store.db.query(`update waiting set due_at = now() + interval '1 hour' where lane = 'high'`)
  expect(await submit()).toBe(40) // what waits is not due
})

test('quotes, backslashes, braces and every script come back byte for byte', async () => {
  const hostile = `'; drop table tasks; -- "\\" \\\\ {a,b} {} NULL null $1 %s \u2028\u0001\u007f 最後一天🎉 \t\r\n ünï`
  const submission = makeSubmission({ record: () => hostile })
  const [task] = submission.tasks
  if (task === undefined) throw new Error('it has a task')
  const spoilt = { ...task, campaignSn: hostile, magicType: hostile, metadata: hostile }
  await createBatch(store.db, { ...submission, tasks: [spoilt] })
  expect(await getTask(store.db, TENANT, task.taskId)).toMatchObject({
    campaignSn: hostile,
    magicType: hostile,
    metadata: hostile,
  })
  const found = await listTasks(store.db, {
    tenant: TENANT,
    campaignSn: hostile,
    magicType: hostile,
    limit: 5,
    withResults: true,
  })
  expect(found.map((one) => one.taskId)).toEqual([task.taskId])
  const [payload] = await store.db.query('select record from payloads where task_id = $1', [task.taskId])
  expect(payload).toEqual({ record: hostile })
})
