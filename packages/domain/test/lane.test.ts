import { expect, test } from 'vitest'
import { LANE_WEIGHTS, LANES, laneFor, queueFor } from '../src/index.ts'

test.each(LANES)('a task that asks for the lane %s gets it, whoever pays', (priority) => {
  expect(laneFor({ priority, tier: 'free', magicType: 'spam_check' })).toBe(priority)
  expect(laneFor({ priority, tier: 'paid', magicType: 'spam_check' })).toBe(priority)
})

test.each(['spam_check', 'constructor', '__proto__', 'toString'])(
  'a %s that says no priority is normal',
  (magicType) => {
    expect(laneFor({ tier: 'free', magicType })).toBe('normal')
    expect(laneFor({ tier: 'paid', magicType })).toBe('normal')
  },
)

test('no lane is ever shut out, and a higher one weighs more', () => {
  const weights = LANES.map((lane) => LANE_WEIGHTS[lane])
  expect(Math.min(...weights)).toBeGreaterThan(0)
  expect(weights).toEqual(weights.toSorted((a, b) => b - a))
})

test('the tier decides on the queue', () => {
  expect([queueFor('free'), queueFor('paid')]).toEqual(['text.free', 'text.paid'])
})
