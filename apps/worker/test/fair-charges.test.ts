import { ALL_SUGGESTIONS, TenantId } from '@magictask/domain'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chargeFor, FairCharges, tokensOf } from '../src/fair-charges.ts'
import { runningOf, taskOf } from './worker-under-test.ts'

const running = (tokens: number) => ({ ...runningOf(taskOf(undefined, { num_suggestions: 2 }), { cost: 300 }), tokens })

test('a claim is charged what it took less what was thought, and gets back what it did not take', () => {
  expect(chargeFor(running(1_000))).toEqual({ tenant: 'acme', lane: 'normal', queue: 'text.free', tokens: 700 })
  expect(chargeFor(running(0)).tokens).toBe(-300)
})

test('a call of a provider that does not count takes what was thought', () => {
  expect(tokensOf({}, running(0), 1)).toBe(150)
  expect(tokensOf({ promptTokens: 7 }, running(0), 1)).toBe(7)
  expect(tokensOf({ promptTokens: 7, completionTokens: 3 }, running(0), 1)).toBe(10)
  expect(tokensOf({}, running(0), ALL_SUGGESTIONS)).toBe(0)
})

test('nothing is lost between two writings, whichever fail, and no place is written twice in one', () => {
  const step = fc.record({
    tenant: fc.constantFrom('a', 'b'),
    tokens: fc.integer(),
    afterMs: fc.nat(400),
    fails: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const charges = new FairCharges()
      const written = new Map<string, number>()
      const take = (nowMs: number, fails: boolean) => {
        const taken = charges.take(nowMs)
        expect(new Set(taken.map(({ tenant }) => tenant)).size).toBe(taken.length)
        for (const charge of taken) {
          if (fails) charges.add(charge)
          else written.set(charge.tenant, (written.get(charge.tenant) ?? 0) + charge.tokens)
        }
      }
      let nowMs = 0
      for (const { tenant, tokens, afterMs, fails } of steps) {
        nowMs += afterMs
        charges.add({ tenant: TenantId.parse(tenant), lane: 'low', queue: 'text.paid', tokens })
        take(nowMs, fails)
      }
      take(nowMs + 1_000, false)
      for (const name of ['a', 'b']) {
        const added = steps.filter(({ tenant }) => tenant === name).reduce((sum, { tokens }) => sum + tokens, 0)
        expect(written.get(name) ?? 0).toBe(added)
      }
    }),
  )
})
