import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Demand, LANES, QUEUES, windowsOf } from '../src/index.ts'

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)
const at = (lane: Demand['lane'], wants: number, more: Partial<Demand> = {}): Demand => ({
  lane,
  queue: 'text.paid',
  wants,
  ...more,
})

/** Every place there is, each queue with one reach. */
const demands = fc
  .tuple(
    fc.array(fc.nat(200), { minLength: 12, maxLength: 12 }),
    fc.array(fc.option(fc.nat(100), { nil: undefined }), { minLength: 4, maxLength: 4 }),
  )
  .map(([wants, reaches]) =>
    QUEUES.flatMap((queue, ofQueue) =>
      LANES.map((lane, ofLane): Demand => {
        const reach = reaches[ofQueue]
        return { lane, queue, wants: wants[ofQueue * 3 + ofLane] ?? 0, ...(reach === undefined ? {} : { reach }) }
      }),
    ),
  )

test('lanes that all want more than there is have windows by their weights', () => {
  expect(windowsOf([at('high', 999), at('normal', 999), at('low', 999)], 120)).toEqual([80, 30, 10])
})

test('a lane alone has the whole window', () => {
  expect(windowsOf([at('high', 0), at('normal', 0), at('low', 999)], 120)).toEqual([0, 0, 120])
})

test('the low lane has a task on Kafka beside any flood, however small the window', () => {
  expect(windowsOf([at('high', 999), at('normal', 999), at('low', 999)], 2)[2]).toBe(1)
})

test('every queue of a lane has a task on Kafka, however small the window of the lane', () => {
  const all = QUEUES.map((queue) => at('low', 50, { queue }))
  expect(windowsOf([...all, at('high', 999)], 3)).toEqual([1, 1, 1, 1, 2])
})

test('a queue that nobody can answer has no window, one that can only be probed has one task', () => {
  expect(windowsOf([at('high', 50, { reach: 0 }), at('low', 50, { reach: 0 })], 64)).toEqual([0, 0])
  expect(windowsOf([at('high', 50, { reach: 1 }), at('low', 50, { reach: 1 })], 64)).toEqual([1, 0])
  expect(windowsOf([at('high', 0, { reach: 1 }), at('low', 50, { reach: 1 })], 64)).toEqual([0, 1])
})

test('a queue whose provider is out leaves the window to the others', () => {
  const out = at('normal', 999, { reach: 1 })
  expect(windowsOf([out, at('normal', 999, { queue: 'text.free' })], 64)).toEqual([1, 63])
})

test('no window is larger than what is wanted, and no room stays unused that anybody could use', () => {
  fc.assert(
    fc.property(demands, fc.nat(300), (all, total) => {
      const windows = windowsOf(all, total)
      for (const [place, window] of windows.entries()) expect(window).toBeLessThanOrEqual(all[place]?.wants ?? 0)
      const reachable = sumOf(
        QUEUES.map((queue) => {
          const ofQueue = all.filter((demand) => demand.queue === queue)
          return Math.min(ofQueue[0]?.reach ?? Number.POSITIVE_INFINITY, sumOf(ofQueue.map(({ wants }) => wants)))
        }),
      )
      expect(sumOf(windows)).toBeGreaterThanOrEqual(Math.min(total, reachable))
    }),
  )
})

test('a queue goes beyond its reach by the least of its lanes only', () => {
  fc.assert(
    fc.property(demands, fc.nat(300), (all, total) => {
      const windows = windowsOf(all, total)
      for (const queue of QUEUES) {
        const ofQueue = all.flatMap((demand, place) => (demand.queue === queue ? [windows[place] ?? 0] : []))
        const reach = all.find((demand) => demand.queue === queue)?.reach ?? Number.POSITIVE_INFINITY
        expect(sumOf(ofQueue)).toBeLessThanOrEqual(reach <= 1 ? reach : Math.max(reach, LANES.length))
      }
    }),
  )
})
