import { expect, test } from 'vitest'
import { SettleRate } from '../src/settle-rate.ts'

test('the rate is that of the best of the last seconds, and falls to nothing when nothing ends', () => {
  const rate = new SettleRate()
  for (let ms = 10_000; ms < 11_000; ms += 10) rate.add(ms)
  expect(rate.perSecond(11_500)).toBe(100)
  expect(rate.perSecond(13_900)).toBe(100)
  expect(rate.perSecond(14_000)).toBe(0)
  expect(rate.perSecond(1_000_000)).toBe(0)
})
