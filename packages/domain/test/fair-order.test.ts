import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairOrder, type Lane, type PlacedWaiter, type Waiter } from '../src/index.ts'

/** Everything that waits, and what starts: of equals the first that came. */
function room(order: FairOrder) {
  const waiting: PlacedWaiter[] = []
  const add = (lane: Lane, tenant: string, cost = 500) => waiting.push(order.placed({ lane, tenant, cost }))
  const next = (): Waiter => {
    waiting.sort((one, other) => order.compare(one, other))
    const started = waiting.shift()
    if (started === undefined) throw new Error('nothing waits')
    order.started(started)
    return started
  }
  const start = (count: number) => Array.from({ length: count }, next)
  return { add, next, start, waiting }
}

const many = (count: number, add: () => void) => {
  for (let n = 0; n < count; n++) add()
}
const tokensOf = (started: readonly Waiter[], is: (waiter: Waiter) => boolean) =>
  started.filter(is).reduce((sum, { cost }) => sum + cost, 0)

test('one of another tenant starts next beside a flood, whenever it comes', () => {
  const { add, next, start } = room(new FairOrder())
  many(200, () => add('normal', 'flood'))
  start(37)
  add('normal', 'other')
  expect([next(), next()].map(({ tenant }) => tenant)).toContain('other')
})

test('tenants of a lane start equal tokens, however large their things are and however many they have', () => {
  const cost = fc.integer({ min: 50, max: 3_000 })
  fc.assert(
    fc.property(fc.array(cost, { minLength: 2, maxLength: 8 }), (costs) => {
      const { add, start, waiting } = room(new FairOrder())
      for (const [n, each] of costs.entries())
        many(Math.ceil(30_000 / each) * (n + 1), () => add('normal', `t${n}`, each))
      const dearest = Math.max(...costs)
      const started: Waiter[] = []
      const everybodyWaits = () => costs.every((_, n) => waiting.some(({ tenant }) => tenant === `t${n}`))
      while (everybodyWaits()) started.push(...start(1))
      const served = costs.map((_, n) => tokensOf(started, ({ tenant }) => tenant === `t${n}`))
      expect(Math.max(...served) - Math.min(...served)).toBeLessThanOrEqual(2 * dearest)
    }),
    { numRuns: 8 },
  )
})

test('lanes that all have work start by their weights, however many tenants each has', () => {
  const { add, start } = room(new FairOrder())
  for (let n = 0; n < 300; n++) {
    add('high', `h${n % 3}`)
    add('normal', 'n')
    add('low', `l${n % 7}`)
  }
  const started = start(120)
  const share = (lane: Lane) => started.filter((waiter) => waiter.lane === lane).length
  expect([share('high'), share('normal'), share('low')]).toEqual([80, 30, 10])
})

test('a lane that had nothing to start has saved up nothing', () => {
  const { add, start } = room(new FairOrder())
  many(300, () => add('low', 'l'))
  start(100)
  many(300, () => add('high', 'h'))
  const started = start(90)
  const ofLow = started.filter(({ lane }) => lane === 'low').length
  expect(ofLow).toBeGreaterThanOrEqual(9)
  expect(ofLow).toBeLessThanOrEqual(11)
})

test('a tenant of weight three starts three times the tokens', () => {
  const { add, start } = room(new FairOrder((tenant) => (tenant === 'heavy' ? 3 : 1)))
  many(200, () => {
    add('normal', 'heavy')
    add('normal', 'light')
  })
  const started = start(100)
  expect(started.filter(({ tenant }) => tenant === 'heavy').length).toBeGreaterThanOrEqual(73)
})

test("a tenant's own start in the order in which they came", () => {
  const order = new FairOrder()
  const places = [90, 10, 700].map((cost) => order.placed({ lane: 'low', tenant: 'a', cost }).place)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
})

/** An order in which a flood waits. */
function besideOthers() {
  const order = new FairOrder()
  const place = (tenant: string, cost = 500) => order.placed({ lane: 'normal', tenant, cost })
  for (let n = 0; n < 9; n++) place('flood')
  return { order, place }
}

test('what leaves without having started costs its tenant nothing, however often it comes back', () => {
  const { order, place } = besideOthers()
  for (let round = 0; round < 5; round++) {
    const placed = [90, 10, 700].map((cost) => place('parked', cost))
    expect(placed[0]?.place).toBe(0)
    for (const waiter of placed) order.left(waiter)
  }
})

test("what leaves lets nothing that comes later overtake its tenant's earlier ones", () => {
  const { order, place } = besideOthers()
  const [first, second] = [place('one'), place('one')]
  order.left(first)
  const third = place('one')
  expect(third.place).toBeGreaterThan(second.place)
  order.started(second)
  order.left(third)
  expect(place('one').place).toBe(500)
})

test('where nothing waited, nobody stands behind for what it had before', () => {
  const order = new FairOrder()
  const place = (tenant: string) => order.placed({ lane: 'normal', tenant, cost: 500 })
  for (const waiter of [place('busy'), place('busy'), place('busy')]) order.started(waiter)
  expect(place('busy').place).toBe(place('new').place)
})
