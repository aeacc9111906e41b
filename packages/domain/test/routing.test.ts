import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  BALANCES,
  type Candidate,
  type CandidateFacts,
  inOrder,
  type Route,
  STRATEGIES,
  type TargetName,
  withMeasured,
} from '../src/index.ts'

const idle: CandidateFacts = {
  inFlight: 0,
  served: 0,
  latencyMs: undefined,
  costMicroUsd: undefined,
  quality: undefined,
}

const candidateOf = (at: number, more: Partial<Candidate> = {}): Candidate => {
  const target: TargetName = `p${at}/m`
  return { target, provider: `p${at}`, model: 'm', priority: 1, weight: 1, ...more }
}

const routeOf = (candidates: readonly Candidate[], more: Partial<Route> = {}): Route => ({
  queue: 'text.paid',
  strategy: 'priority',
  balance: 'weighted-round-robin',
  candidates,
  ...more,
})

/** Orders candidates of which each knows these facts, and gives their places in the route. */
function order(route: Route, facts: readonly Partial<CandidateFacts>[]): readonly number[] {
  const at = (candidate: Candidate) => route.candidates.indexOf(candidate)
  return inOrder(route, (candidate) => ({ ...idle, ...facts[at(candidate)] })).map(at)
}

const three = [candidateOf(0), candidateOf(1), candidateOf(2)]

test('by priority the lowest is asked first', () => {
  const route = routeOf([5, 3, 4].map((priority, at) => candidateOf(at, { priority })))
  expect(order(route, [])).toEqual([1, 2, 0])
})

test('by cost the cheapest is asked first, and one of unknown price last', () => {
  const route = routeOf(three, { strategy: 'cost' })
  expect(order(route, [{ costMicroUsd: 20 }, {}, { costMicroUsd: 10 }])).toEqual([2, 0, 1])
})

test('by quality the best is asked first, and one that nobody ranked last', () => {
  const route = routeOf(three, { strategy: 'quality' })
  expect(order(route, [{}, { quality: 1 }, { quality: 9 }])).toEqual([2, 1, 0])
})

test('by speed the fastest is asked first, but one that was never measured before it', () => {
  const route = routeOf(three, { strategy: 'speed' })
  expect(order(route, [{ latencyMs: 900 }, { latencyMs: 200 }, {}])).toEqual([2, 1, 0])
})

test('models of about the same speed share', () => {
  const route = routeOf(three.slice(0, 2), { strategy: 'speed' })
  expect(order(route, [{ latencyMs: 1_010, served: 5 }, { latencyMs: 1_000 }])[0]).toBe(1)
  expect(order(route, [{ latencyMs: 1_010 }, { latencyMs: 1_000, served: 5 }])[0]).toBe(0)
})

test('among equals the least loaded for its weight, or the fastest, is asked first', () => {
  const heavy = [candidateOf(0, { weight: 4 }), candidateOf(1)]
  expect(order(routeOf(heavy, { balance: 'least-connections' }), [{ inFlight: 6 }, { inFlight: 1 }])).toEqual([0, 1])
  expect(order(routeOf(heavy, { balance: 'least-connections' }), [{ inFlight: 8 }, { inFlight: 1 }])).toEqual([1, 0])
  expect(order(routeOf(heavy, { balance: 'fastest-response' }), [{ latencyMs: 9 }, { latencyMs: 8 }])).toEqual([1, 0])
})

const facts = fc.record({
  inFlight: fc.nat(100),
  served: fc.nat(1_000),
  latencyMs: fc.option(fc.nat(60_000), { nil: undefined }),
  costMicroUsd: fc.option(fc.nat(1_000_000), { nil: undefined }),
  quality: fc.option(fc.nat(10), { nil: undefined }),
})
const ways = { strategy: fc.constantFrom(...STRATEGIES), balance: fc.constantFrom(...BALANCES) }
const candidates = fc
  .array(fc.record({ priority: fc.nat(3), weight: fc.integer({ min: 1, max: 9 }), facts }), { maxLength: 8 })
  .map((all) => all.map(({ facts, ...more }, at) => ({ candidate: candidateOf(at, more), facts })))

test('an order has every candidate once, whatever is known of them', () => {
  fc.assert(
    fc.property(candidates, fc.record(ways), (all, way) => {
      const route = routeOf(
        all.map(({ candidate }) => candidate),
        way,
      )
      const ordered = order(
        route,
        all.map((each) => each.facts),
      )
      expect(ordered.toSorted((a, b) => a - b)).toEqual(all.map((_, at) => at))
    }),
  )
})

test('no balance puts a candidate before one of a better rank', () => {
  fc.assert(
    fc.property(candidates, fc.record(ways), (all, { balance }) => {
      const route = routeOf(
        all.map(({ candidate }) => candidate),
        { balance },
      )
      const ordered = order(
        route,
        all.map((each) => each.facts),
      )
      const priorities = ordered.map((at) => route.candidates[at]?.priority ?? 0)
      expect(priorities).toEqual(priorities.toSorted((a, b) => a - b))
    }),
  )
})

test('the round robin gives each its share by weight: none is ever a whole call short of it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), (weights) => {
      const route = routeOf(weights.map((weight, at) => candidateOf(at, { weight })))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const served = weights.map(() => 0)
      for (let calls = 1; calls <= 3 * total; calls++) {
        const [first = 0] = order(
          route,
          served.map((count) => ({ served: count })),
        )
        served[first] = (served[first] ?? 0) + 1
        for (const [at, weight] of weights.entries()) {
          expect((calls * weight) / total - (served[at] ?? 0)).toBeLessThan(1 + 1e-9)
        }
      }
      expect(served).toEqual(weights.map((weight) => 3 * weight))
    }),
  )
})

test('a mean of latencies lies between them and follows what is new', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ value: fc.nat(10_000), afterMs: fc.nat(60_000) }), { minLength: 1 }), (all) => {
      let nowMs = 0
      let mean = withMeasured(undefined, all[0]?.value ?? 0, 0)
      for (const { value, afterMs } of all) {
        nowMs += afterMs
        mean = withMeasured(mean, value, nowMs)
      }
      const values = all.map(({ value }) => value)
      expect(mean.value).toBeGreaterThanOrEqual(Math.min(...values) - 1e-6)
      expect(mean.value).toBeLessThanOrEqual(Math.max(...values) + 1e-6)
    }),
  )
  const old = { value: 100, atMs: 0 }
  expect(withMeasured(old, 200, 0).value).toBeCloseTo(110)
  expect(withMeasured(old, 200, 600_000).value).toBeCloseTo(200)
})
