import type { Turns } from '@magictask/domain'
import { expect, test } from 'vitest'
import { SlotAccount } from '../../src/limits/slot-account.ts'
import { grantOf } from './made-up-targets.ts'

const FLOOD = { lane: 'normal', tenant: 'flood' } as const
const SINGLE = { lane: 'normal', tenant: 'single' } as const
const SINGLE_WAITS: Turns = { next: SINGLE, underWay: [{ ...FLOOD, calls: 2 }] }
const FLOOD_WAITS: Turns = { next: FLOOD, underWay: [{ ...FLOOD, calls: 2 }] }

/** A worker that holds three of five slots, uses all of them for the flood, and has more of it. */
function flooded() {
  const slots = new SlotAccount('all', 5)
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
  return { slots, hears }
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
  const slots = new SlotAccount('all', 5)
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
  hears([{ next: SINGLE, underWay: [{ ...SINGLE, calls: 1 }] }])
  slots.expect(4, { lane: 'normal', tenant: 'third' })
  expect(slots.isDue(2)).toBe(false)
  const large = new SlotAccount('all', 50)
  large.expect(3, FLOOD)
  expect(large.wish(2)).not.toHaveProperty('turns')
})

test('what is held beyond a share goes back as it frees up, also where more waits here', () => {
  const slots = new SlotAccount('all', 4)
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
