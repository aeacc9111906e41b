import fc from 'fast-check'
import { expect, test } from 'vitest'
import { earnRetry, fullRetryBudget, RETRY_BUDGET, spendRetry } from '../src/index.ts'

const policy = RETRY_BUDGET

test('what fails in an outage is repeated as often as was saved up, then ten times a second', () => {
  let budget = fullRetryBudget(policy, 0)
  let repeated = 0
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 10) {
    const next = spendRetry(budget, policy, nowMs)
    if (next === undefined) continue
    budget = next
    repeated++
  }
  expect(Math.abs(repeated - (100 + 60 * 10))).toBeLessThanOrEqual(1)
})

test('a fifth of what succeeds may be repeated', () => {
  let budget = { left: 0, atMs: 0 }
  for (let success = 0; success < 100; success++) budget = earnRetry(budget, policy, 0)
  let repeated = 0
  for (let next = spendRetry(budget, policy, 0); next !== undefined; next = spendRetry(next, policy, 0)) repeated++
  expect(repeated).toBeGreaterThanOrEqual(19)
  expect(repeated).toBeLessThanOrEqual(20)
})

test('repetitions never exceed what was saved up, earned and refilled', () => {
  const step = fc.record({ afterMs: fc.nat(5_000), what: fc.constantFrom('success', 'repeat') })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      let budget = fullRetryBudget(policy, 0)
      let nowMs = 0
      let successes = 0
      let repeated = 0
      for (const { afterMs, what } of steps) {
        nowMs += afterMs
        if (what === 'success') {
          successes++
          budget = earnRetry(budget, policy, nowMs)
          continue
        }
        const next = spendRetry(budget, policy, nowMs)
        if (next !== undefined) repeated++
        budget = next ?? budget
        expect(budget.left).toBeGreaterThanOrEqual(0)
      }
      const allowed = policy.most + successes * policy.perSuccess + (nowMs / 1_000) * policy.perSecond
      expect(repeated).toBeLessThanOrEqual(allowed + 1e-6)
    }),
  )
})

test('a clock that seems to go back gives nothing away', () => {
  expect(spendRetry({ left: 0.5, atMs: 1_000 }, policy, 0)).toBeUndefined()
})
