import type { Turns } from '@magictask/domain'
import { testClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { SlotAccount } from '../../src/limits/slot-account.ts'
import { grantOf, STILL } from './made-up-targets.ts'

const FLOOD = { lane: 'normal', tenant: 'flood' } as const
const SINGLE = { lane: 'normal', tenant: 'single' } as const
const SINGLE_WAITS: Turns = { next: SINGLE, underWay: [{ ...FLOOD, calls: 2 }] }
const FLOOD_WAITS: Turns = { next: FLOOD, underWay: [{ ...FLOOD, calls: 2 }] }

/** A worker that holds three of five slots, uses all of them for the flood, and has more of it. */
function flooded() {
  const clock = testClock('2026-01-01T00:00:00Z')
  const slots = new SlotAccount('all', 5, { clock })
  slots.expect(3, FLOOD)
  slots.wish(2)
  slots.granted(grantOf({ held: 3, share: 2 }))
  for (let call = 0; call < 3; call++) slots.take(FLOOD)
  slots.expect(4, FLOOD)
  const hears = (others: readonly Turns[], free = 0) => {
    slots.look()
    const wish = slots.wish(2)
    slots.granted(grantOf({ held: 3, share: 2, free, others }))
    return wish
  }
  return { slots, hears, clock }
}

test('the slot that frees up next goes back when somebody elsewhere comes first, and the one after it does not', () => {
  const { slots, hears } = flooded()
  hears([SINGLE_WAITS])
  slots.free(FLOOD)
  expect([slots.held, slots.hasFree]).toEqual([2, false])
  expect(slots.wish(2)).toMatchObject({ keep: 2, want: 2 })
  slots.granted(grantOf({ held: 2, share: 2, free: 1, others: [SINGLE_WAITS] }))
  slots.free(FLOOD)
  expect([slots.held, slots.hasFree]).toEqual([2, true])
})

test('a slot that nobody holds is there for who comes first: none is given back for it', () => {
  const { slots, hears } = flooded()
  hears([SINGLE_WAITS], 1)
  slots.free(FLOOD)
  expect(slots.hasFree).toBe(true)
})

test('who stood back asks again as soon as nobody comes first any more', () => {
  const { slots, hears } = flooded()
  hears([SINGLE_WAITS])
  expect(hears([SINGLE_WAITS])).toMatchObject({ want: 3 })
  hears([FLOOD_WAITS])
  expect(slots.wish(2)).toMatchObject({ want: 7 })
})

test('who holds nothing and stands back goes on looking', () => {
  const slots = new SlotAccount('all', 5, STILL)
  slots.expect(1, FLOOD)
  slots.wish(2)
  slots.granted(grantOf({ others: [SINGLE_WAITS, { underWay: [{ ...FLOOD, calls: 3 }] }] }))
  for (let look = 0; look < 3; look++) {
    slots.look()
    expect(slots.wish(2)).toMatchObject({ want: 0 })
    slots.granted(grantOf({ others: [SINGLE_WAITS, { underWay: [{ ...FLOOD, calls: 3 }] }] }))
  }
})

test('whose call is next is told when it comes before others, and again when it is not next any more', () => {
  const { slots, hears } = flooded()
  hears([FLOOD_WAITS])
  expect(slots.isDue(2)).toBe(false)
  slots.expect(5, SINGLE)
  expect(slots.wish(2)).toMatchObject({ isNews: true, turns: { next: SINGLE } })
  slots.granted(grantOf({ held: 3, share: 2, others: [FLOOD_WAITS] }))
  expect(slots.isDue(2)).toBe(false)
  slots.expect(4, FLOOD)
  expect(slots.wish(2)).toMatchObject({ isNews: true, turns: { next: FLOOD } })
})

test('nothing is told of who comes before nobody, nor of a limit that is large', () => {
  const { slots, hears } = flooded()
  const third = { lane: 'normal', tenant: 'third' } as const
  hears([{ next: SINGLE, underWay: [third, SINGLE].map((share) => ({ ...share, calls: 1 })) }])
  hears([{ next: SINGLE, underWay: [{ ...SINGLE, calls: 1 }] }])
  slots.expect(4, third)
  expect(slots.wish(2)).toMatchObject({ isNews: false })
  const large = new SlotAccount('all', 50, STILL)
  large.expect(3, FLOOD)
  expect(large.wish(2)).not.toHaveProperty('turns')
})

test('what is held beyond a share goes back as it frees up, also where more waits here', () => {
  const slots = new SlotAccount('all', 4, STILL)
  slots.expect(9, FLOOD)
  slots.wish(2)
  slots.granted(grantOf({ held: 4, share: 2, needed: 2 }))
  for (let call = 0; call < 4; call++) slots.take(FLOOD)
  const couldUse = Array.from({ length: 3 }, () => {
    slots.free(FLOOD)
    return slots.hasFree
  })
  expect(couldUse).toEqual([false, false, true])
})

test('what is held beyond a share is kept, and more is wanted, as long as the next call here comes first', () => {
  const { slots } = flooded()
  slots.expect(4, SINGLE)
  slots.look()
  slots.wish(2)
  const grant = grantOf({ held: 3, share: 2, needed: 1, others: [FLOOD_WAITS] })
  slots.granted(grant)
  slots.look()
  expect(slots.wish(2)).toMatchObject({ want: 7 })
  slots.granted(grant)
  slots.free(FLOOD)
  expect(slots.hasFree).toBe(true)
})

/** A worker that uses the only slot there is for the flood, and has more of it; and another one that has a call of a single's. */
function ofOneSlot() {
  const clock = testClock('2026-01-01T00:00:00Z')
  const [holder, other] = [new SlotAccount('all', 1, { clock }), new SlotAccount('all', 1, { clock })]
  holder.expect(3, FLOOD)
  holder.wish(2)
  holder.granted(grantOf({ held: 1 }))
  holder.take(FLOOD)
  holder.expect(2, FLOOD)
  /** One tells, the other hears of it. */
  const tells = (one: SlotAccount, another: SlotAccount) => {
    one.look()
    const { turns } = one.wish(2) ?? {}
    another.look()
    another.wish(2)
    another.granted(grantOf({ held: another.held, others: turns === undefined ? [] : [turns] }))
  }
  tells(holder, other)
  return { clock, holder, other, tells }
}

test('the only slot changes hands when whose call waits elsewhere has had none for a second, and back a second later', () => {
  const { clock, holder, other, tells } = ofOneSlot()
  other.expect(9, SINGLE)
  tells(other, holder)
  holder.free(FLOOD)
  expect([holder.held, holder.hasFree]).toEqual([0, false])

  other.wish(2)
  other.granted(grantOf({ held: 1, others: [{ next: FLOOD, underWay: [] }] }))
  other.take(SINGLE)
  tells(other, holder)
  tells(holder, other)
  clock.advance(900)
  other.free(SINGLE)
  expect([other.held, other.hasFree]).toEqual([1, true])
  other.take(SINGLE)
  clock.advance(100)
  tells(holder, other)
  other.free(SINGLE)
  expect([other.held, other.hasFree]).toEqual([0, false])
})

test('who has had a turn here lately has not been without one, whatever others think who did not see it', () => {
  const { clock, holder, tells } = ofOneSlot()
  clock.advance(5_000)
  holder.free(FLOOD)
  holder.take(SINGLE)
  holder.free(SINGLE)
  holder.take(FLOOD)
  const stranger = new SlotAccount('all', 1, { clock })
  tells(holder, stranger)
  stranger.expect(1, SINGLE)
  tells(stranger, holder)
  holder.free(FLOOD)
  expect(holder.hasFree).toBe(true)
})

test('who has heard of nobody yet does not think that anybody has been without a call', () => {
  const stranger = new SlotAccount('all', 1, STILL)
  stranger.expect(1, SINGLE)
  expect(stranger.wish(2)?.turns).toEqual({ next: { ...SINGLE, withoutMs: 0 }, underWay: [] })
  expect(stranger.withoutMs(SINGLE)).toBeUndefined()
})
