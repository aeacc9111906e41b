import type { SlotGrant, SlotWish, WorkerId } from '@magictask/domain'
import { openStoreUnderTest, type StoreUnderTest } from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { forgetWishes, readBeats, removeWorker, rescueTasks, tradeLimits } from '../src/index.ts'

// PROTOCOL 7

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate'), maxConnections: 20 })
})
afterAll(() => store[Symbol.asyncDispose]())

async function trade(workerId: WorkerId, wishes: readonly SlotWish[]): Promise<readonly SlotGrant[] | undefined> {
  return (await tradeLimits(store.db, workerId, { slots: wishes, rates: [] }))?.slots
}

/** Trades one limit of five slots and gives what is held then. */
async function hold(workerId: WorkerId, name: string, { keep = 0, want }: { keep?: number; want: number }) {
  return (await trade(workerId, [{ name, cap: 5, keep, want }]))?.[0]
}

const heldOf = async (name: string) =>
  (
    await store.db.query<{ held: number }>(
      'select coalesce(sum(held), 0)::int as held from slots_held where name = $1',
      [name],
    )
  )[0]?.held

test('a worker gets what it wants, the next one what is left of it, and who gives back makes room', async () => {
  const [first, second] = [await store.hire(), await store.hire()]
  expect(await hold(first, 'all', { want: 3 })).toMatchObject({ held: 3 })
  expect(await hold(second, 'all', { want: 4 })).toMatchObject({ held: 2 })
  expect(await hold(first, 'all', { keep: 1, want: 1 })).toMatchObject({ held: 1 })
  expect(await hold(second, 'all', { keep: 2, want: 4 })).toMatchObject({ held: 4 })
})

test('whoever holds more than its share is told what others wait for', async () => {
  const [first, second, third] = [await store.hire(), await store.hire(), await store.hire()]
  await hold(first, 'shared', { want: 5 })
  await hold(second, 'shared', { want: 9 })
  await hold(third, 'shared', { want: 2 })
  expect(await hold(first, 'shared', { keep: 5, want: 8 })).toEqual({
    name: 'shared',
    held: 5,
    excess: 0,
    share: 1,
    needed: 11,
    free: 0,
    others: [],
  })
  await hold(first, 'shared', { keep: 4, want: 4 })
  await hold(second, 'shared', { want: 9 })
  expect(await hold(first, 'shared', { keep: 4, want: 4 })).toMatchObject({ needed: 2 })
})

test('each hears whose call is next at the others, as long as it waits for a slot, and how many slots nobody holds', async () => {
  const [first, second] = [await store.hire(), await store.hire()]
  const turns = {
    next: { lane: 'normal', tenant: 'one' },
    underWay: [{ lane: 'low', tenant: 'other', calls: 1 }],
  } as const
  const wish = { name: 'turns', cap: 5, turns }
  expect(await trade(first, [{ ...wish, keep: 0, want: 6 }])).toMatchObject([{ free: 0, others: [] }])
  expect(await trade(second, [{ ...wish, keep: 0, want: 1 }])).toMatchObject([{ others: [turns] }])
  await trade(first, [{ ...wish, keep: 2, want: 2 }])
  const [grant] = (await trade(second, [{ ...wish, keep: 0, want: 1 }])) ?? []
  expect([grant?.free, grant?.others]).toEqual([2, [{ underWay: turns.underWay }]])
  await trade(first, [{ name: 'turns', cap: 5, keep: 2, want: 2 }])
  expect(await trade(second, [{ ...wish, keep: 1, want: 1 }])).toMatchObject([{ others: [] }])
})

test('nobody stands back for a worker that may be dead, until it says again what it wants, and it keeps what it holds', async () => {
  const [late, other] = [await store.hire(), await store.hire()]
  const turns = {
    next: { lane: 'normal', tenant: 'one' },
    underWay: [{ lane: 'normal', tenant: 'one', calls: 1 }],
  } as const
  const wish = { name: 'late', cap: 2, turns }
  await trade(other, [{ ...wish, keep: 0, want: 1 }])
  await trade(late, [{ ...wish, keep: 0, want: 3 }])
  expect(await trade(other, [{ ...wish, keep: 1, want: 1 }])).toMatchObject([{ others: [turns] }])
  await forgetWishes(store.db, [late])
  const [grant] = (await trade(other, [{ ...wish, keep: 1, want: 3 }])) ?? []
  expect([grant?.held, grant?.others]).toEqual([1, [{ underWay: turns.underWay }]])
  await trade(late, [{ ...wish, keep: 1, want: 3 }])
  expect(await trade(other, [{ ...wish, keep: 1, want: 1 }])).toMatchObject([{ others: [turns] }])
})

test('what is in use is kept when the limit is lowered', async () => {
  const worker = await store.hire()
  await hold(worker, 'lowered', { want: 5 })
  const lowered = { name: 'lowered', cap: 2, want: 5 }
  expect(await trade(worker, [{ ...lowered, keep: 4 }])).toMatchObject([{ held: 4 }])
  expect(await trade(worker, [{ ...lowered, keep: 1 }])).toMatchObject([{ held: 2 }])
})

test('a worker that was taken for dead and lives is told of what is too many, until nothing is', async () => {
  const [dead, other] = [await store.hire(), await store.hire()]
  await hold(dead, 'excess', { want: 5 })
  await removeWorker(store.db, dead)
  expect(await hold(other, 'excess', { want: 4 })).toMatchObject({ held: 4, excess: 0 })
  const again = await store.hire()
  expect(await hold(again, 'excess', { keep: 5, want: 7 })).toMatchObject({ held: 5, excess: 4 })
  expect(await hold(other, 'excess', { keep: 4, want: 4 })).toMatchObject({ held: 4, excess: 4 })
  expect(await hold(again, 'excess', { keep: 1, want: 7 })).toMatchObject({ held: 1, excess: 0 })
})

test('a worker without its row gets nothing, and what it held is free with its row', async () => {
  const [dead, gone, living] = [await store.hire(), await store.hire(), await store.hire()]
  await hold(dead, 'freed', { want: 3 })
  await hold(gone, 'freed', { want: 2 })
  await rescueTasks(
    store.db,
    (await readBeats(store.db)).filter(({ workerId }) => workerId === dead),
  )
  await removeWorker(store.db, gone)
  expect(await hold(dead, 'freed', { want: 1 })).toBeUndefined()
  expect(await hold(living, 'freed', { want: 5 })).toMatchObject({ held: 5 })
})

test('a rescue that comes in the middle of a trade leaves nothing of it behind', async () => {
  const worker = await store.hire()
  const dead = (await readBeats(store.db)).filter(({ workerId }) => workerId === worker)
  const lock = 'select pg_advisory_xact_lock(hashtextextended($1, 7))'
  let over: Promise<unknown> | undefined
  await store.db.transaction(async (queries) => {
    await queries.query(lock, ['raced'])
    const traded = hold(worker, 'raced', { want: 5 })
    await store.untilBlocked()
    over = Promise.all([traded, rescueTasks(store.db, dead)])
    await store.untilBlocked(2)
  })
  await over
  expect(await heldOf('raced')).toBe(0)
})

/** A worker that trades as fast as it can, and never uses more than it holds. */
async function traderOf(caps: ReadonlyMap<string, number>, rounds: number, seen: (name: string, used: number) => void) {
  let worker = await store.hire()
  const used = new Map<string, number>()
  const lower = (name: string, to: number) => {
    seen(name, to - (used.get(name) ?? 0))
    used.set(name, to)
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, now] of used) lower(name, Math.floor(Math.random() * (now + 1)))
    if (Math.random() < 0.05) {
      for (const name of used.keys()) lower(name, 0) // it dies, its calls with it
      await removeWorker(store.db, worker)
      worker = await store.hire()
    }
    const names = [...caps.keys()].filter(() => Math.random() < 0.7)
    const wishes = names
      .toSorted(() => Math.random() - 0.5)
      .map((name) => {
        const keep = used.get(name) ?? 0
        return { name, cap: caps.get(name) ?? 0, keep, want: keep + Math.floor(Math.random() * 9) }
      })
    for (const { name, held } of (await trade(worker, wishes)) ?? []) lower(name, held)
  }
  for (const name of used.keys()) lower(name, 0)
  await removeWorker(store.db, worker)
}

test('eight workers that trade side by side never use more than the limits together', async () => {
  const caps = new Map([
    ['race-a', 1],
    ['race-b', 2],
    ['race-c', 5],
    ['race-d', 8],
  ])
  const used = new Map<string, number>()
  const most = new Map<string, number>()
  const seen = (name: string, more: number) => {
    used.set(name, (used.get(name) ?? 0) + more)
    most.set(name, Math.max(most.get(name) ?? 0, used.get(name) ?? 0))
  }
  await Promise.all(Array.from({ length: 8 }, () => traderOf(caps, 120, seen)))
  expect(most).toEqual(caps)
  expect([...used.values()]).toEqual([0, 0, 0, 0])
})
