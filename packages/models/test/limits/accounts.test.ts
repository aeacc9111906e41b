import { expect, test } from 'vitest'
import { RateAccount } from '../../src/limits/rate-account.ts'
import { SlotAccount } from '../../src/limits/slot-account.ts'
import { grantOf, STILL } from './made-up-targets.ts'

const ONE = { lane: 'normal', tenant: 'one' } as const

/** An account of a limit, to which the fleet gives what is asked. */
function account(
  cap: number,
  { used, waiting = 0, workers = 4 }: { used: number; waiting?: number; workers?: number },
) {
  const slots = new SlotAccount('all', cap, STILL)
  slots.expect(used)
  const wish = slots.wish(workers)
  slots.granted(grantOf({ held: wish?.want ?? 0, excess: 0, needed: 0, share: 1 }))
  for (let call = 0; call < used; call++) slots.take(ONE)
  slots.expect(waiting)
  return { slots, wish: () => slots.wish(workers) }
}

test('a small limit is asked for what calls need, and given back as soon as it is idle', () => {
  const { slots, wish } = account(16, { used: 3, waiting: 2 })
  expect(wish()).toMatchObject({ name: 'all', cap: 16, keep: 3, want: 5 })
  slots.granted(grantOf({ held: 5, excess: 0, needed: 0, share: 4 }))
  const small = account(15, { used: 3 })
  small.slots.free(ONE)
  expect(small.wish()).toMatchObject({ name: 'all', cap: 15, keep: 2, want: 2 })
  expect([small.slots.held, small.slots.hasFree]).toEqual([2, false])
})

test('of a large limit a block is kept idle, unless others need it', () => {
  const { slots, wish } = account(160, { used: 20 })
  expect(slots.held).toBe(30)
  for (let call = 0; call < 5; call++) slots.free(ONE)
  expect(wish()).toMatchObject({ keep: 25 })
  slots.granted(grantOf({ held: 25, excess: 0, needed: 3, share: 40 }))
  expect(wish()).toMatchObject({ keep: 15, want: 15 })
})

test('beyond its share a worker gives back what others need, one call after the other', () => {
  const { slots, wish } = account(4, { used: 4, waiting: 9, workers: 2 })
  slots.granted(grantOf({ held: 4, excess: 0, needed: 1, share: 2 }))
  slots.free(ONE)
  expect(wish()).toMatchObject({ name: 'all', cap: 4, keep: 3, want: 3 })
  slots.granted(grantOf({ held: 3, excess: 0, needed: 0, share: 2 }))
  expect([slots.isShort, slots.mayGrow, slots.isDue(2)]).toEqual([true, false, false])
  slots.look()
  expect(wish()).toMatchObject({ keep: 3, want: 12 })
})

test('nothing is said while there is nothing to say, and an end of wishing is said once', () => {
  const { slots, wish } = account(2, { used: 2, waiting: 1 })
  wish()
  slots.granted(grantOf({ held: 2, excess: 0, needed: 0, share: 2 }))
  expect(wish()).toBeUndefined()
  for (let call = 0; call < 2; call++) slots.free(ONE)
  slots.expect(0)
  expect(wish()).toMatchObject({ keep: 0, want: 0 })
  slots.granted(grantOf({ held: 0, excess: 0, needed: 0, share: 1 }))
  slots.look()
  expect(wish()).toBeUndefined()
})

test('slots whose return did not arrive are returned again, until it does', () => {
  const { slots, wish } = account(2, { used: 2 })
  for (let call = 0; call < 2; call++) slots.free(ONE)
  for (let attempt = 0; attempt < 3; attempt++) {
    expect(wish()).toMatchObject({ keep: 0, want: 0 })
    slots.look()
  }
  expect(wish()).toMatchObject({ keep: 0, want: 0 })
  slots.granted(grantOf({ held: 0, excess: 0, needed: 0, share: 1 }))
  slots.look()
  expect(wish()).toBeUndefined()
})

test('what the fleet has forgotten is held no more, but for what is in use', () => {
  const { slots, wish } = account(160, { used: 20 })
  slots.forget()
  expect([slots.held, slots.hasFree]).toEqual([20, false])
  expect(wish()).toMatchObject({ keep: 20, want: 20 })
})

test('of more slots than the limit has, none is used again until as many are free as are too many', () => {
  const { slots, wish } = account(8, { used: 6, waiting: 9, workers: 8 })
  slots.granted(grantOf({ held: 6, excess: 4, needed: 0, share: 4 }))
  const couldUse = Array.from({ length: 6 }, () => {
    slots.free(ONE)
    return slots.hasFree
  })
  expect(couldUse).toEqual([false, false, false, false, true, true])
  expect(wish()).toMatchObject({ keep: 2 })
})

test('slots that are free when there are too many are held no more', () => {
  const { slots, wish } = account(160, { used: 20 })
  slots.granted(grantOf({ held: 30, excess: 12, needed: 0, share: 40 }))
  expect([slots.held, slots.hasFree]).toEqual([20, false])
  expect(wish()).toMatchObject({ keep: 20 })
})

test('what ends while the fleet does not know the worker is not used again before it does', () => {
  const { slots, wish } = account(5, { used: 5, waiting: 3 })
  slots.forget()
  slots.free(ONE)
  slots.free(ONE)
  expect([slots.held, slots.hasFree]).toEqual([3, false])
  expect(wish()).toMatchObject({ keep: 3, want: 6 })
  slots.granted(grantOf({ held: 5, excess: 0, needed: 0, share: 5 }))
  slots.free(ONE)
  expect(slots.hasFree).toBe(true)
})

test('of a limit that is lowered nothing more is used before the fleet was asked', () => {
  const { slots, wish } = account(4, { used: 3 })
  slots.free(ONE)
  slots.resize(1)
  slots.free(ONE)
  expect([slots.used, slots.hasFree]).toEqual([1, false])
  expect(wish()).toMatchObject({ cap: 1, keep: 1 })
})

test('a limit that was lowered is kept to as calls end', () => {
  const { slots, wish } = account(8, { used: 6, workers: 8 })
  slots.resize(2)
  expect(wish()).toMatchObject({ cap: 2, keep: 6 })
  for (let call = 0; call < 5; call++) slots.free(ONE)
  expect(wish()).toMatchObject({ keep: 1 })
})

test('in no minute does more flow out of a bucket than the limit', () => {
  for (const perMinute of [1, 7, 60, 90, 3_000]) {
    const bucket = new RateAccount({ name: 'requests:p', perMinute })
    bucket.expect(10_000, 1)
    const { burst = 0, perSecond = 0 } = bucket.wish(0) ?? {}
    let level = burst
    let taken = 0
    for (let ms = 0; ms < 60_000; ms += 10) {
      level = Math.min(burst, level + perSecond / 100)
      taken += Math.floor(level)
      level -= Math.floor(level)
    }
    expect(taken).toBeLessThanOrEqual(perMinute)
    expect(taken).toBeGreaterThanOrEqual(Math.floor(perMinute * 0.95))
  }
})

test('a bucket is asked again when there is more in it, and told what calls took beyond their estimates', () => {
  const bucket = new RateAccount({ name: 'tokens:p', perMinute: 600 })
  bucket.expect(900, 300)
  expect(bucket.wish(0)).toMatchObject({ want: 900, atLeast: 300, beyond: 0 })
  bucket.granted({ name: 'tokens:p', taken: 300, moreInMs: 4_000 }, 0)
  expect(bucket.covers(300)).toBe(true)
  bucket.take(300)
  bucket.expect(600, 300)
  expect([bucket.wish(3_999), bucket.dueInMs(3_999)]).toEqual([undefined, 1])
  bucket.correct(50)
  const wish = bucket.wish(4_000)
  expect(wish).toMatchObject({ want: 600, beyond: 50 })
  if (wish !== undefined) bucket.failed(wish)
  expect(bucket.wish(4_000)).toMatchObject({ beyond: 50 })
})
