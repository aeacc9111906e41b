import { LANES, type Lane } from '@magictask/domain'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Places } from '../src/places.ts'
import { type LaneDemand, placesFor } from '../src/scheduler.ts'

const idle: LaneDemand = { taken: 0, wants: false }
const wanting: LaneDemand = { taken: 0, wants: true }

test('a lane alone may have every place', () => {
  for (const lane of LANES) {
    expect(placesFor(lane, { high: idle, normal: idle, low: idle }, { places: 12, free: 12 })).toBe(12)
  }
})

test('while all lanes want places, each gets its weighted share: high 8, normal 3, low 1', () => {
  const lanes = { high: wanting, normal: wanting, low: wanting }
  const shares = LANES.map((lane) => placesFor(lane, lanes, { places: 12, free: 12 }))
  expect(shares).toEqual([8, 3, 1])
})

test('low is never shut out, however long high wants everything', () => {
  const lanes = { high: { taken: 11, wants: true }, normal: idle, low: wanting }
  expect(placesFor('low', lanes, { places: 12, free: 1 })).toBe(1)
})

const demand = fc.record({ taken: fc.nat({ max: 80 }), wants: fc.boolean() })
const demands = fc.record({ high: demand, normal: demand, low: demand })

test('no lane is given more than is free, and somebody who wants a free place always gets one', () => {
  fc.assert(
    fc.property(demands, fc.integer({ min: 1, max: 100 }), (lanes, places) => {
      const taken = LANES.reduce((sum, lane) => sum + lanes[lane].taken, 0)
      const free = Math.max(0, places - taken)
      const given = LANES.map((lane) => placesFor(lane, lanes, { places, free }))
      for (const each of given) expect(each).toBeGreaterThanOrEqual(0)
      for (const each of given) expect(each).toBeLessThanOrEqual(free)
      const wants = LANES.filter((lane) => lanes[lane].wants)
      if (free > 0 && wants.length > 0)
        expect(wants.some((lane) => placesFor(lane, lanes, { places, free }) > 0)).toBe(true)
    }),
  )
})

const steps = fc.array(fc.tuple(fc.constantFrom<Lane>(...LANES), fc.integer({ min: 1, max: 20 }), fc.boolean()))

test('places never run over, whatever is taken and given back', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 64 }), (sequence, slots) => {
      const places = new Places(slots)
      const held: [Lane, number][] = []
      for (const [lane, wanted, giveBack] of sequence) {
        const oldest = giveBack ? held.shift() : undefined
        if (oldest !== undefined) places.giveBack(...oldest)
        held.push([lane, places.take(lane, wanted, { ahead: 0, nowMs: 0 })])
        expect(places.taken).toBeLessThanOrEqual(slots)
        expect(places.taken).toBe(held.reduce((sum, [, count]) => sum + count, 0))
      }
    }),
  )
})

test('what a lane was refused is kept for it for a second, not for ever: its records may have gone elsewhere', () => {
  const places = new Places(12)
  places.take('normal', 20, { ahead: 0, nowMs: 0 })
  expect(places.take('high', 5, { ahead: 0, nowMs: 10 })).toBe(0)
  places.giveBack('normal', 12)
  expect(places.take('normal', 20, { ahead: 0, nowMs: 500 })).toBe(4)
  expect(places.take('normal', 20, { ahead: 0, nowMs: 1_500 })).toBe(8)
})
