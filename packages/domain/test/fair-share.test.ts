import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Backlog,
  chargeShares,
  dealOut,
  FAIR_SHARE,
  NO_SHARES,
  type Shares,
  type WeightOf,
  weightsFrom,
} from '../src/index.ts'

const equal: WeightOf = () => 1
const MOST_COST = 5_000
const cost = fc.integer({ min: 1, max: MOST_COST })
const tenant = fc.stringMatching(/^[a-z]{1,4}$/)
const backlogs = fc.uniqueArray(fc.record({ tenant, costs: fc.array(cost, { maxLength: 12 }), more: fc.boolean() }), {
  selector: (backlog) => backlog.tenant,
  maxLength: 12,
})
const weights = fc.dictionary(tenant, fc.integer({ min: 1, max: 20 }))

const sumOf = (numbers: Iterable<number>) => [...numbers].reduce((sum, number) => sum + number, 0)
const jainOf = (served: readonly number[]) =>
  sumOf(served) ** 2 / (served.length * sumOf(served.map((tokens) => tokens ** 2)))

/** The ring as the store gives it: sorted, from the first behind `after`. */
function ringFrom(after: string, all: readonly Backlog[]): readonly Backlog[] {
  const sorted = all.toSorted((a, b) => (a.tenant < b.tenant ? -1 : 1))
  return [...sorted.filter((one) => one.tenant > after), ...sorted.filter((one) => one.tenant <= after)]
}

/** Tenants whose tasks never run out, served tick by tick. */
function serve(costs: Readonly<Record<string, readonly number[]>>, rooms: readonly number[], weightOf = equal) {
  const next = new Map(Object.keys(costs).map((name) => [name, 0]))
  const served = new Map(Object.keys(costs).map((name) => [name, 0]))
  const costAt = (name: string, at: number) => costs[name]?.[at % (costs[name]?.length ?? 1)] ?? 1
  let shares: Shares = NO_SHARES
  for (const room of rooms) {
    const all = [...next].map(([name, at]) => ({
      tenant: name,
      costs: Array.from({ length: room }, (_, n) => costAt(name, at + n)),
      more: true,
    }))
    const dealt = dealOut(shares, { backlogs: ringFrom(shares.after, all), room, weightOf })
    shares = dealt.shares
    for (const [name, taken] of dealt.takes) {
      const from = next.get(name) ?? 0
      next.set(name, from + taken)
      served.set(name, (served.get(name) ?? 0) + sumOf(Array.from({ length: taken }, (_, n) => costAt(name, from + n))))
    }
  }
  return served
}

test('no room stays unused while anybody has a task, and nobody starts more than there are', () => {
  fc.assert(
    fc.property(backlogs, fc.nat(80), weights, (all, room, table) => {
      const { takes } = dealOut(NO_SHARES, {
        backlogs: all,
        room,
        weightOf: weightsFrom(new Map(Object.entries(table))),
      })
      expect(sumOf(takes.values())).toBe(Math.min(room, sumOf(all.map(({ costs }) => costs.length))))
      for (const { tenant: name, costs } of all) expect(takes.get(name) ?? 0).toBeLessThanOrEqual(costs.length)
    }),
  )
})

test('tenants that all have work are served within two turns and two tasks of each other, however the room comes', () => {
  const costs = fc.dictionary(tenant, fc.array(cost, { minLength: 1, maxLength: 9 }), { minKeys: 2, maxKeys: 9 })
  fc.assert(
    fc.property(costs, fc.array(fc.nat(70), { minLength: 5, maxLength: 60 }), (table, rooms) => {
      const served = [...serve(table, rooms).values()]
      const farthestApart = Math.max(...served) - Math.min(...served)
      expect(farthestApart).toBeLessThanOrEqual(2 * (FAIR_SHARE.turnTokens + MOST_COST))
    }),
  )
})

test('nine tenants with tasks of very different sizes get equal tokens: a Jain index of 0.99', () => {
  const sizes = [120, 450, 90, 2_000, 700, 310, 4_800, 1_500, 60]
  const table = Object.fromEntries(sizes.map((size, at) => [`tenant-${at}`, [size, size * 2, Math.ceil(size / 2)]]))
  const served = serve(
    table,
    Array.from({ length: 200 }, () => 64),
  )
  expect(jainOf([...served.values()])).toBeGreaterThan(0.99)
})

test('a tenant of weight three gets three times the tokens', () => {
  const table = { heavy: [300, 900], light: [500], other: [700, 100] }
  const served = serve(
    table,
    Array.from({ length: 400 }, () => 10),
    (name) => (name === 'heavy' ? 3 : 1),
  )
  const [heavy = 0, light = 0, other = 0] = ['heavy', 'light', 'other'].map((name) => served.get(name))
  expect(heavy / light).toBeCloseTo(3, 1)
  expect(other / light).toBeCloseTo(1, 1)
})

test('a single task starts in the first turn beside any flood, also one that takes more than a turn', () => {
  fc.assert(
    fc.property(cost, fc.integer({ min: 1, max: 100_000 }), (costOfFlood, costOfOne) => {
      const flood = { tenant: 'flood', costs: Array.from({ length: 2_000 }, () => costOfFlood), more: true }
      const one = { tenant: 'one', costs: [costOfOne], more: false }
      const ahead = Math.ceil(FAIR_SHARE.turnTokens / costOfFlood) + 1
      const { takes } = dealOut(NO_SHARES, { backlogs: [flood, one], room: ahead + 1, weightOf: equal })
      expect(takes.get('one')).toBe(1)
    }),
  )
})

test('whatever a tenant was charged, its turn comes within a bounded number of turns of the others', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }), cost, (charged, each) => {
      const shares = chargeShares(NO_SHARES, [{ tenant: 'charged', tokens: charged }], equal)
      const turns = FAIR_SHARE.mostTurnsBehind + 2
      const room = (Math.ceil(FAIR_SHARE.turnTokens / each) + 1) * turns + 1
      const flood = { tenant: 'a', costs: Array.from({ length: room }, () => each), more: true }
      const { takes } = dealOut(shares, {
        backlogs: [flood, { tenant: 'charged', costs: [each], more: false }],
        room,
        weightOf: equal,
      })
      expect(takes.get('charged')).toBe(1)
      const ahead =
        chargeShares(shares, [{ tenant: 'charged', tokens: -charged * 2 }], equal).credits.get('charged') ?? 0
      expect(Math.abs(ahead)).toBeLessThanOrEqual(FAIR_SHARE.mostTurnsBehind * FAIR_SHARE.turnTokens)
    }),
  )
})

test('what a task took beyond what was thought is paid in later turns', () => {
  const table = { cheap: [100], dear: [100] }
  const shares = chargeShares(NO_SHARES, [{ tenant: 'dear', tokens: 5_000 }], equal)
  const all = Object.entries(table).map(([name, costs]) => ({
    tenant: name,
    costs: Array.from({ length: 100 }, () => costs[0] ?? 0),
    more: true,
  }))
  const { takes } = dealOut(shares, { backlogs: all, room: 100, weightOf: equal })
  expect((takes.get('cheap') ?? 0) - (takes.get('dear') ?? 0)).toBeGreaterThanOrEqual(50)
})

test('who had nothing to do has saved up nothing, and who owes still owes', () => {
  const idle = dealOut(NO_SHARES, { backlogs: [{ tenant: 'a', costs: [10], more: false }], room: 9, weightOf: equal })
  expect(idle.shares.credits.get('a')).toBeUndefined()
  const owing = dealOut(NO_SHARES, {
    backlogs: [{ tenant: 'a', costs: [9_000], more: false }],
    room: 9,
    weightOf: equal,
  })
  expect(owing.shares.credits.get('a')).toBe(FAIR_SHARE.turnTokens - 9_000)
})

test('no more tenants are remembered than the bound, the longest unseen go first', () => {
  const charges = Array.from({ length: FAIR_SHARE.mostTenants + 10 }, (_, at) => ({ tenant: `t${at}`, tokens: 5 }))
  const { credits } = chargeShares(NO_SHARES, charges, equal)
  expect(credits.size).toBe(FAIR_SHARE.mostTenants)
  expect(credits.has('t9')).toBe(false)
  expect(credits.has('t10')).toBe(true)
})

test('a tenant that gets much back lets another start all the same, whether they are dealt to one by one or all at once', () => {
  const flood = { tenant: 'flood', costs: Array.from({ length: 40 }, () => 300), more: true }
  const one = { tenant: 'one', costs: [300], more: false }
  const before = chargeShares(NO_SHARES, [{ tenant: 'flood', tokens: -50_000 }], equal)
  expect(dealOut(before, { backlogs: [flood, one], room: 4, weightOf: equal }).takes.get('one')).toBe(1)
  let shares = before
  const started: (string | undefined)[] = []
  while (started.length < 4) {
    const dealt = dealOut(shares, { backlogs: ringFrom(shares.after, [flood, one]), room: 1, weightOf: equal })
    shares = dealt.shares
    started.push(...dealt.takes.keys())
  }
  expect(started.filter((name) => name === 'one').length).toBeGreaterThan(0)
})
