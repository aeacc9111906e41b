import type { RateWish, WorkerId } from '@magictask/domain'
import { openStoreUnderTest, type StoreUnderTest } from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { changeTarget, tradeLimits } from '../src/index.ts'

let store: StoreUnderTest
let worker: WorkerId
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
  worker = await store.hire()
})
afterAll(() => store[Symbol.asyncDispose]())

async function take(wish: Pick<RateWish, 'name' | 'want'> & Partial<RateWish>) {
  const rates = [{ atLeast: 1, beyond: 0, ...wish }]
  return (await tradeLimits(store.db, worker, { slots: [], rates }))?.rates[0]
}

/** Moves a bucket's past: as if so much time had gone by. */
const pass = (name: string, seconds: number) =>
  store.db.query(`update rate_buckets set filled_at = filled_at - $2 * interval '1 s' where name = $1`, [name, seconds])

/** Slow enough that nothing flows in while a test runs. */
const SLOW = { perSecond: 0.001, burst: 10 }

test('a bucket begins full, gives what there is and says when there is more', async () => {
  expect(await take({ name: 'requests:a', ...SLOW, want: 7 })).toMatchObject({ taken: 7, moreInMs: 0 })
  expect(await take({ name: 'requests:a', ...SLOW, want: 7 })).toMatchObject({ taken: 3 })
  const none = await take({ name: 'requests:a', ...SLOW, want: 7 })
  expect(none?.taken).toBe(0)
  expect(none?.moreInMs).toBeGreaterThan(900_000)
  await pass('requests:a', 4_000)
  expect(await take({ name: 'requests:a', ...SLOW, want: 7 })).toMatchObject({ taken: 4 })
  await pass('requests:a', 1_000_000)
  expect(await take({ name: 'requests:a', ...SLOW, want: 70 })).toMatchObject({ taken: 10 })
})

test('what a call took beyond its estimate is owed, and what it did not take comes back', async () => {
  await take({ name: 'tokens:a', ...SLOW, want: 10 })
  await take({ name: 'tokens:a', ...SLOW, want: 0, beyond: 5 })
  await pass('tokens:a', 5_000)
  expect(await take({ name: 'tokens:a', ...SLOW, want: 4 })).toMatchObject({ taken: 0 })
  expect(await take({ name: 'tokens:a', ...SLOW, want: 4, beyond: -3 })).toMatchObject({ taken: 3 })
})

test('less than is of use is not given, and a full bucket gives a call that is larger than itself', async () => {
  expect(await take({ name: 'tokens:b', ...SLOW, want: 25, atLeast: 25 })).toMatchObject({ taken: 25 })
  await pass('tokens:b', 24_000)
  expect(await take({ name: 'tokens:b', ...SLOW, want: 12, atLeast: 12 })).toMatchObject({ taken: 0 })
  await pass('tokens:b', 1_000)
  expect(await take({ name: 'tokens:b', ...SLOW, want: 12, atLeast: 12 })).toMatchObject({ taken: 12 })
})

test('a bucket that nothing is known of gives everything; one that was learned gives its rate', async () => {
  expect(await take({ name: 'requests:c/m', want: 1_000 })).toEqual({ name: 'requests:c/m', taken: 1_000, moreInMs: 0 })
  const learned = { name: 'requests:c/m', perSecond: 20 }
  await changeTarget(store.db, { name: 'c/m', seen: 0, state: 'closed', learned })
  expect(await take({ name: 'requests:c/m', want: 1_000 })).toMatchObject({ perSecond: 20 })
  await pass('requests:c/m', 60)
  expect((await take({ name: 'requests:c/m', want: 1_000 }))?.taken).toBeLessThan(5)
  expect((await take({ name: 'requests:c/m', want: 1_000 }))?.perSecond).toBeGreaterThan(20)
})

test('many that take at the same time get no more than there was', async () => {
  const taken = await Promise.all(
    Array.from({ length: 40 }, () => take({ name: 'requests:d', perSecond: 0.001, burst: 25, want: 2 })),
  )
  expect(taken.reduce((sum, grant) => sum + (grant?.taken ?? 0), 0)).toBe(25)
})
