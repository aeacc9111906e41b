import fc from 'fast-check'
import { expect, test } from 'vitest'
import { costMicroUsd } from '../src/index.ts'

const price = { inputMicroUsd: 140_000, cachedInputMicroUsd: 2_800, outputMicroUsd: 280_000, source: 'test' }

test('cached tokens have their own price, and everything is rounded once', () => {
  expect(costMicroUsd(price, { promptTokens: 1_200, cachedTokens: 1_024, completionTokens: 90 })).toBe(53)
  expect(costMicroUsd(price, { promptTokens: 1_200, completionTokens: 90 })).toBe(193)
  expect(
    costMicroUsd({ inputMicroUsd: 3, outputMicroUsd: 0, source: 'test' }, { promptTokens: 1, completionTokens: 1 }),
  ).toBe(0)
  expect(costMicroUsd({ ...price, outputMicroUsd: 0 }, { promptTokens: 0, completionTokens: 10 })).toBe(0)
})

test('what is not known makes no cost of 0', () => {
  expect(costMicroUsd(undefined, { promptTokens: 1, completionTokens: 1 })).toBeUndefined()
  expect(costMicroUsd(price, { promptTokens: 1 })).toBeUndefined()
  expect(costMicroUsd(price, { completionTokens: 1 })).toBeUndefined()
})

test('a cost is whole, never below 0, and never more than without a cache', () => {
  const tokens = fc.nat(2 ** 31 - 1)
  fc.assert(
    fc.property(tokens, tokens, tokens, (promptTokens, cachedTokens, completionTokens) => {
      const cost = costMicroUsd(price, { promptTokens, cachedTokens, completionTokens }) ?? -1
      const uncached = costMicroUsd(price, { promptTokens, completionTokens }) ?? -1
      return Number.isSafeInteger(cost) && cost >= 0 && cost <= uncached
    }),
  )
})
