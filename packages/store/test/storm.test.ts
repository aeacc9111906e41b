import type { TaskId, WorkerId } from '@magictask/domain'
import {
  callOf,
  failed,
  givenBack,
  openStoreUnderTest,
  retried,
  type StoreUnderTest,
  type Submitted,
  succeeded,
  TENANT,
} from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type BatchView, cancelBatch, cancelTask, getBatch, rescueTasks, settleTasks } from '../src/index.ts'

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate'), maxConnections: 20 })
})
afterAll(() => store[Symbol.asyncDispose]())

const shuffled = <Item>(items: readonly Item[]): readonly Item[] =>
  items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)

const ENDINGS = [succeeded, failed, retried, givenBack, succeeded]

/** Claims a shuffled handful and settles it in another order, some of it twice. */
async function work(worker: WorkerId, taskIds: readonly TaskId[], batches: readonly Submitted[]): Promise<void> {
  const claims = await store.claim(worker, shuffled(taskIds).slice(0, 60))
  const outcomes = shuffled(claims).map((claim, index) => (ENDINGS[index % ENDINGS.length] ?? succeeded)(claim))
  const calls = claims.flatMap((claim) => {
    const batch = batches.find(({ taskIds }) => taskIds.includes(claim.taskId))
    return batch === undefined ? [] : [callOf(claim, batch.batchId)]
  })
  await settleTasks(store.db, { outcomes, calls, answers: [] })
  await settleTasks(store.db, { outcomes: outcomes.slice(0, 10), calls: calls.slice(0, 10), answers: [] })
}

const sumOf = ({ counts: { submitted: _, ...six } }: BatchView) => Object.values(six).reduce((sum, one) => sum + one, 0)

// PROTOCOL 1, 3, 5; promise 5; INCIDENTS 2, 21
test('in a storm of claims, settles, cancellations and deaths the counts add up at every look, and nothing dangles', async () => {
  const batches = await Promise.all(Array.from({ length: 4 }, () => store.submit({ count: 100 })))
  const taskIds = batches.flatMap((batch) => batch.taskIds)
  let over = false
  const looks: Promise<number> = (async () => {
    let count = 0
    for (; !over; count++) {
      for (const { batchId } of batches) {
        const view = await getBatch(store.db, TENANT, batchId)
        expect(view && sumOf(view)).toBe(100)
        expect(view && Math.min(...Object.values(view.counts))).toBeGreaterThanOrEqual(0)
      }
    }
    return count
  })()
  const workers = Array.from({ length: 8 }, async (_, index) => {
    for (let round = 0; round < 12; round++) {
      await work(await store.hire(), taskIds, batches)
      if (index === 0)
        await Promise.all(
          shuffled(taskIds)
            .slice(0, 3)
            .map((id) => cancelTask(store.db, TENANT, id)),
        )
      if (index === 1 && round % 4 === 3) await rescueTasks(store.db, await beats())
    }
  })
  await Promise.all(workers)
  await Promise.all(
    batches
      .slice(0, 2)
      .flatMap(({ batchId }) => [cancelBatch(store.db, TENANT, batchId), cancelBatch(store.db, TENANT, batchId)]),
  )
  over = true
  expect(await looks).toBeGreaterThan(20)
  expect(await dangling()).toEqual([])
  expect(await store.db.query('select 1 from batches where (open = 0) <> (finished_at is not null)')).toEqual([])
  expect(await store.db.query(COUNTED_WRONG)).toEqual([])
  expect(await store.db.query(BILLED_WRONG)).toEqual([])
})

/** Somebody else's idea of who is dead: every third worker. */
async function beats() {
  const rows = await store.db.query<{ worker_id: WorkerId; beat: number }>('select worker_id, beat from workers')
  return rows.filter((_, index) => index % 3 === 0).map((row) => ({ workerId: row.worker_id, beat: row.beat }))
}

/** Tasks whose other rows are not what their state demands: one waiting row iff queued; result and outbox row iff ended. */
const dangling = () =>
  store.db.query(`
    select t.id, t.state from tasks t
    where (t.state = 'queued') <> exists (select from waiting w where w.task_id = t.id)
      or (t.state not in ('queued', 'running')) <> exists (select from results r where r.task_id = t.id and r.status = t.state)
      or (t.state not in ('queued', 'running')) <> exists (select from result_outbox o where o.task_id = t.id)
      or (t.state = 'running') <> (t.worker_id is not null)
    union all
    select w.task_id, 'waits without a task' from waiting w where not exists (select from tasks t where t.id = w.task_id)`)

const COUNTED_WRONG = `
select b.batch_id from batches b join (
  select batch_id, count(*) filter (where state in ('queued', 'running')) as open,
    count(*) filter (where state = 'succeeded') as succeeded, count(*) filter (where state = 'failed') as failed,
    count(*) filter (where state = 'cancelled') as cancelled, count(*) filter (where state = 'expired') as expired
  from tasks group by batch_id
) t using (batch_id)
where (b.open, b.succeeded, b.failed, b.cancelled, b.expired) is distinct from (t.open, t.succeeded, t.failed, t.cancelled, t.expired)`

const BILLED_WRONG = `
select b.batch_id from batches b left join (
  select batch_id, count(*) as calls, sum(prompt_tokens) as prompt from model_calls group by batch_id
) c using (batch_id)
where (b.model_calls, b.prompt_tokens, b.unpriced_calls) is distinct from (coalesce(c.calls, 0), coalesce(c.prompt, 0), coalesce(c.calls, 0))`

// PROTOCOL 1: bulk writes touch rows in id order and repeat on deadlock
test('a claim that eight ask for at once is won once', async () => {
  for (let round = 0; round < 10; round++) {
    const { taskIds } = await store.submit({ count: 30 })
    const workers = await Promise.all(Array.from({ length: 8 }, () => store.hire()))
    const won = await Promise.all(workers.map((worker) => store.claim(worker, shuffled(taskIds))))
    const ids = won.flat().map((claim) => claim.taskId)
    expect(ids.toSorted()).toEqual([...taskIds])
    expect(won.flat().every((claim) => claim.fence === 1)).toBe(true)
  }
})
