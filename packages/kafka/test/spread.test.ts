import { expect, test } from 'vitest'
import { createSpread } from '../src/spread.ts'

const topic = 'tasks'
const records = (count: number, bytes = 10) =>
  Array.from({ length: count }, (_, n) => ({
    topic,
    key: String(n),
    value: 'x'.repeat(bytes),
    partition: 'spread' as const,
  }))

/** How many records went to each place, in the order of the places. */
function runsOf(turns: readonly (number | undefined)[]): readonly number[] {
  return [...Map.groupBy(turns, (turn) => turn).values()].map((run) => run.length)
}

test('few records go to as many partitions, many in runs of eight at most', () => {
  const spread = createSpread()
  expect(runsOf(spread(topic, records(3)))).toEqual([1, 1, 1])
  expect(runsOf(spread(topic, records(20)))).toEqual([3, 3, 3, 3, 3, 3, 2])
  expect(new Set(runsOf(spread(topic, records(400))))).toEqual(new Set([8]))
})

test('large records go on to the next partition before they are too much for one', () => {
  const spread = createSpread()
  expect(runsOf(spread(topic, records(64, 60_000)))).toEqual(Array.from({ length: 32 }, () => 2))
  expect(runsOf(spread(topic, records(3, 500_000)))).toEqual([1, 1, 1])
})

test('each time it goes on where it ended, and what stays together has one place', () => {
  const spread = createSpread()
  const [first] = spread(topic, records(1))
  expect(spread(topic, records(2))).toEqual([Number(first) + 1, Number(first) + 2])
  const together = records(50).map((record) => ({ ...record, partition: 'together' as const }))
  expect(new Set(spread(topic, together))).toEqual(new Set([Number(first) + 3]))
  expect(new Set(spread(topic, together))).toEqual(new Set([Number(first) + 4]))
  expect(spread(topic, [{ topic, key: 'decides', value: 'x' }])).toEqual([undefined])
})
