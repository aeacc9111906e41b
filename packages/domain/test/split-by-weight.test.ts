import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LANE_WEIGHTS, splitByWeight } from '../src/index.ts'

const { high, normal, low } = LANE_WEIGHTS
const parties = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 20 }), wants: fc.nat(300) }), {
  minLength: 1,
  maxLength: 12,
})
const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)

test('lanes that all want more than there is are served by their weights', () => {
  const wants = 1_000
  const lanes = [high, normal, low].map((weight) => ({ weight, wants }))
  expect(splitByWeight(120, lanes)).toEqual([80, 30, 10])
})

test('nothing is left while anybody wants more, and nobody gets more than it wants', () => {
  fc.assert(
    fc.property(parties, fc.nat(500), (all, total) => {
      const parts = splitByWeight(total, all)
      expect(sumOf(parts)).toBe(Math.min(total, sumOf(all.map(({ wants }) => wants))))
      for (const [at, part] of parts.entries()) {
        expect(Number.isInteger(part)).toBe(true)
        expect(part).toBeLessThanOrEqual(all[at]?.wants ?? 0)
      }
    }),
  )
})

test('whoever wants any has the least, also where there is nothing', () => {
  fc.assert(
    fc.property(parties, fc.nat(100), fc.nat(4), (all, total, least) => {
      for (const [at, part] of splitByWeight(total, all, least).entries()) {
        expect(part).toBeGreaterThanOrEqual(Math.min(least, all[at]?.wants ?? 0))
      }
    }),
  )
})

test('of two who want more than they get, the heavier has its share to within one', () => {
  fc.assert(
    fc.property(parties, fc.nat(500), (all, total) => {
      const short = [...splitByWeight(total, all).entries()].filter(([at, part]) => part < (all[at]?.wants ?? 0))
      for (const [one, ofOne] of short)
        for (const [other, ofOther] of short) {
          const [weight = 1, otherWeight = 1] = [all[one]?.weight, all[other]?.weight]
          expect(ofOne / weight).toBeLessThan((ofOther + 1) / otherWeight + 1 / weight)
        }
    }),
  )
})
