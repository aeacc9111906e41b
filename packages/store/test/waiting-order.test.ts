import { LANES, QUEUES, type TaskId, TenantId } from '@magictask/domain'
import { retried, succeeded, TENANT } from '@magictask/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Look, lookAtWaiting, parkTasks, settleTasks, wakeWaiting } from '../src/index.ts'
import { openReleaseUnderTest, type ReleaseUnderTest } from './release-under-test.ts'

// PROTOCOL 3

let store: ReleaseUnderTest
beforeEach(async () => {
  store = await openReleaseUnderTest()
})
afterEach(() => store[Symbol.asyncDispose]())

const tenant = (name: string) => TenantId.parse(name)
const tenantsOf = async (changes: Partial<Look>, mostTenants?: number) =>
  (await store.look(changes, mostTenants)).tenants.map((seen) => seen.tenant)
const runOut = (taskIds: readonly TaskId[]) =>
  store.db.query(`update waiting set released_until = now() - interval '1 ms' where task_id = any($1)`, [taskIds])

test('within a tenant the nearest deadline comes first, then the oldest', async () => {
  const old = await store.waiting({ count: 2 })
  const late = await store.waiting({ deadline: new Date('2099-01-02') })
  const soon = await store.waiting({ count: 2, deadline: new Date('2099-01-01') })
  const young = await store.waiting({})
  expect(await store.order()).toEqual([...soon, ...late, ...old, ...young])
})

test('tenants are looked at in a ring, from behind the one that came last', async () => {
  for (const name of ['b', 'd', 'a', 'c']) await store.waiting({ tenant: tenant(name) })
  await store.waiting({ tenant: tenant('elsewhere'), lane: 'low' })
  expect(await tenantsOf({})).toEqual(['a', 'b', 'c', 'd'])
  expect(await tenantsOf({ after: 'b' })).toEqual(['c', 'd', 'a', 'b'])
  expect(await tenantsOf({ after: 'bb' })).toEqual(['c', 'd', 'a', 'b'])
  expect(await tenantsOf({ after: 'z' })).toEqual(['a', 'b', 'c', 'd'])
  expect(await tenantsOf({ after: 'c' }, 3)).toEqual(['d', 'a', 'b'])
})

test('of each tenant a part of the room is looked at, with what each task is thought to take', async () => {
  await store.waiting({ tenant: tenant('a'), count: 30, cost: 7 })
  await store.waiting({ tenant: tenant('b'), count: 3, cost: 900 })
  for (const name of ['c', 'd', 'e', 'f', 'g', 'h']) await store.waiting({ tenant: tenant(name) })
  const { tenants } = await store.look({ most: 16 })
  expect(tenants[0]).toMatchObject({ tenant: 'a', costs: Array.from({ length: 8 }, () => 7), more: true })
  expect(tenants[1]).toMatchObject({ tenant: 'b', costs: [900, 900, 900], more: false })
})

test('a place where as much is on Kafka as may be is not looked at, and none hides another', async () => {
  const taskIds = await store.waiting({ count: 10 })
  const low = await store.waiting({ count: 2, lane: 'low' })
  await store.mark(taskIds.slice(0, 4))
  expect(await store.look({ most: 4 })).toEqual({
    lane: 'normal',
    queue: 'text.free',
    outstanding: 4,
    isFull: true,
    tenants: [],
  })
  const everywhere = LANES.flatMap((lane) => QUEUES.map((queue): Look => ({ lane, queue, after: '', most: 5 })))
  const seen = await lookAtWaiting(store.db, everywhere, 64)
  const found = seen.flatMap(({ lane, tenants }) => tenants.map(({ taskIds: ids }) => [lane, ids]))
  expect(found).toEqual([
    ['normal', taskIds.slice(4, 5)],
    ['low', low],
  ])
})

// PROTOCOL 3: marked, then crashed; or Kafka wiped
test('a mark that runs out puts its task back in its place, and it is released again', async () => {
  const taskIds = await store.waiting({ count: 5, cost: 30 })
  await store.mark(taskIds.slice(0, 3))
  await runOut(taskIds.slice(0, 2))
  expect(await store.order()).toEqual(taskIds.slice(3))
  const { charges } = await store.tend()
  expect(charges).toEqual([{ tenant: TENANT, lane: 'normal', queue: 'text.free', tokens: -60 }])
  expect(await store.order()).toEqual([...taskIds.slice(0, 2), ...taskIds.slice(3)])
  const { tasks } = await store.mark(taskIds)
  expect(new Set(tasks.map((task) => task.taskId))).toEqual(new Set(taskIds.filter((_, at) => at !== 2)))
})

test('a retry waits in its place once it is due and not before', async () => {
  const [first, second] = await store.waiting({ count: 2 })
  if (first === undefined || second === undefined) throw new Error('nothing waits')
  const claim = await store.claimOne(await store.hire(), first)
  await settleTasks(store.db, { outcomes: [retried(claim, 3_600_000)], calls: [], answers: [] })
  await store.tend()
  expect(await store.order()).toEqual([second])
  await store.db.query('update waiting set due_at = now() where task_id = $1', [first])
  await store.tend()
  expect(await store.order()).toEqual([first, second])
})

test('what waits for a target is due when it may be asked again, and not while it is out', async () => {
  const taskIds = await store.waiting({ count: 6 })
  const states = ['open', 'probing', 'ramping', 'closed', 'open', 'closed']
  await store.db.query(
    `insert into targets (name, state, forced) select 'p/' || n, state, case n when 5 then 'closed' when 6 then 'open' end
     from unnest($1::text[]) with ordinality as t (state, n)`,
    [states],
  )
  await store.db.query(
    `update waiting w set due_at = now() + interval '1 h', waits_for = 'p/' || n
     from unnest($1::uuid[]) with ordinality as t (id, n) where w.task_id = t.id`,
    [taskIds],
  )
  expect(await wakeWaiting(store.db, ['p/3', 'p/1'])).toEqual({ woken: 1, more: false })
  expect(await store.order()).toEqual([taskIds[2]])
  expect(await wakeWaiting(store.db)).toEqual({ woken: 2, more: false })
  expect(await store.order()).toEqual(taskIds.slice(2, 5))
  expect(await wakeWaiting(store.db)).toEqual({ woken: 0, more: false })
})

test('whoever broke at a target that is not out waits its time, however often the others are woken', async () => {
  const taskIds = await store.waiting({ count: 5 })
  const states = ['closed', 'ramping', 'open', 'probing']
  await store.db.query(`insert into targets (name, state) select 'p/' || s, s from unnest($1::text[]) as s`, [states])
  const worker = await store.hire()
  const claims = await store.claim(worker, taskIds)
  const outcomes = claims.map((claim, at) => ({
    ...retried(claim, 3_600_000),
    waitsFor: `p/${states[at] ?? 'never-changed'}` as const,
  }))
  await settleTasks(store.db, { outcomes, calls: [], answers: [] })
  expect((await store.rows('waits_for')).map((row) => Object.values(row)[0])).toEqual([
    null,
    null,
    'p/open',
    'p/probing',
    null,
  ])
  expect(await wakeWaiting(store.db)).toEqual({ woken: 0, more: false })
  await store.db.query(`update targets set state = 'ramping'`)
  expect(await wakeWaiting(store.db)).toEqual({ woken: 2, more: false })
  expect(await store.order()).toEqual(taskIds.slice(2, 4))
})

test('whoever waits for a target that came back before that was written is due at once, and waits for one of whose outage nobody knows yet', async () => {
  const taskIds = await store.waiting({ count: 5 })
  const states = ['ramping', 'closed', 'open', 'closed']
  await store.db.query(
    `insert into targets (name, state, revision) select 'p/' || n, state, 5 from unnest($1::text[]) with ordinality as t (state, n)`,
    [states],
  )
  const seenOutIn = [3, 4, 4, 5, 0]
  const outcomes = (await store.claim(await store.hire(), taskIds)).map((claim, at) => ({
    ...retried(claim, 3_600_000),
    waitsFor: `p/${at + 1}` as const,
    outRevision: seenOutIn[at] ?? 0,
  }))
  await settleTasks(store.db, { outcomes, calls: [], answers: [] })
  expect(await store.order()).toEqual(taskIds.slice(0, 2))
  const waitsFor = (await store.rows('waits_for')).map((row) => Object.values(row)[0])
  expect(waitsFor).toEqual([null, null, 'p/3', 'p/4', 'p/5'])
})

test('a thousand are woken at a time, the oldest first', async () => {
  const taskIds = await store.waiting({ count: 1_200 })
  await store.db.query(`insert into targets (name, state) values ('p/m', 'ramping')`)
  await store.db.query(`update waiting set due_at = now() + interval '1 h', waits_for = 'p/m'`)
  expect(await wakeWaiting(store.db)).toEqual({ woken: 1_000, more: true })
  expect((await store.order()).at(-1)).toBe(taskIds[999])
  expect(await wakeWaiting(store.db)).toEqual({ woken: 200, more: false })
})

test('a parked task is due a second later, uncounted, for any partition, and its tenant has not paid for it', async () => {
  const taskIds = await store.waiting({ count: 3, cost: 40 })
  await store.mark(taskIds)
  const [claim] = await store.claim(await store.hire(), taskIds.slice(0, 1))
  if (claim === undefined) throw new Error('not claimed')
  await parkTasks(store.db, taskIds)
  expect(await store.rows('task_id, released_until, due_at > now() as later')).toEqual(
    taskIds.slice(1).map((task_id) => ({ task_id, released_until: null, later: true })),
  )
  const { charges, fleet } = await store.tend()
  expect(charges).toEqual([{ tenant: TENANT, lane: 'normal', queue: 'text.free', tokens: -80 }])
  expect(fleet.parked).toEqual(new Map([['text.free', 2]]))
  expect(fleet.parkedForType).toEqual(new Map())
  await parkTasks(store.db, taskIds)
  expect(await store.rows('task_id')).toHaveLength(2)
  expect((await store.tend()).charges).toEqual([])
  expect(await store.db.query(`select max(fence) as fence, max(tries) as tries from tasks`)).toEqual([
    { fence: 1, tries: 0 },
  ])
})

test('what is parked for the limit of its type is counted apart from what waits for its queue', async () => {
  const taskIds = await store.waiting({ count: 3 })
  await store.mark(taskIds)
  await parkTasks(store.db, taskIds.slice(0, 1))
  await parkTasks(store.db, taskIds.slice(1), 'ofType')
  const { fleet } = await store.tend()
  expect([fleet.parked, fleet.parkedForType]).toEqual([new Map([['text.free', 1]]), new Map([['text.free', 2]])])
})

test('what is parked for a target waits until that is looked at again, is woken by its return, and slows nothing down', async () => {
  const taskIds = await store.waiting({ count: 2 })
  await store.mark(taskIds)
  await store.db.query(`insert into targets (name, state, revision) values ('p/embeds', 'open', 1)`)
  await parkTasks(store.db, taskIds, { target: 'p/embeds', forMs: 60_000 })
  expect(await store.rows(`waits_for, due_at > now() + interval '50 s' as later`)).toEqual(
    taskIds.map(() => ({ waits_for: 'p/embeds', later: true })),
  )
  const { fleet } = await store.tend()
  expect([fleet.parked, fleet.parkedForType]).toEqual([new Map(), new Map()])
  await store.db.query(`update targets set state = 'ramping' where name = 'p/embeds'`)
  expect(await wakeWaiting(store.db)).toEqual({ woken: 2, more: false })
})

test('what is charged is given once, summed by tenant and place', async () => {
  await store.db.query(
    `insert into fair_charges values ('a', 'low', 'text.free', 5), ('a', 'low', 'text.free', 7), ('a', 'high', 'text.free', 1)`,
  )
  const { charges } = await store.tend()
  expect(charges.toSorted((a, b) => a.tokens - b.tokens)).toEqual([
    { tenant: 'a', lane: 'high', queue: 'text.free', tokens: 1 },
    { tenant: 'a', lane: 'low', queue: 'text.free', tokens: 12 },
  ])
  expect((await store.tend()).charges).toEqual([])
})

test('what a task is thought to take comes back with it', async () => {
  const [taskId] = await store.waiting({ cost: 123 })
  if (taskId === undefined) throw new Error('nothing waits')
  const worker = await store.hire()
  const claim = await store.claimOne(worker, taskId)
  expect(claim.cost).toBe(123)
  await settleTasks(store.db, { outcomes: [retried(claim)], calls: [], answers: [] })
  expect((await store.look()).tenants).toMatchObject([{ costs: [123] }])
  await settleTasks(store.db, { outcomes: [succeeded(await store.claimOne(worker, taskId))], calls: [], answers: [] })
  expect(await store.rows('1')).toEqual([])
})
