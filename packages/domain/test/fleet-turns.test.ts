import { expect, test } from 'vitest'
import { type Lane, type Share, TURN_MS, type Turns, turnsBefore } from '../src/index.ts'

const share = (tenant: string, lane: Lane = 'normal'): Share => ({ lane, tenant })

/** What a worker says of whose call is next there, and of the calls of a tenant that are under way. */
function worker(next: Share | undefined, underWay: readonly (readonly [Share, number])[] = []): Turns {
  const calls = underWay.map(([each, count]) => ({ ...each, calls: count }))
  return next === undefined ? { underWay: calls } : { next, underWay: calls }
}

const [flood, single] = [share('flood'), share('single')]

test('who has nothing under way anywhere comes before who has several calls, wherever each of them waits', () => {
  const own = worker(flood, [[flood, 2]])
  const third = worker(flood, [[flood, 1]])
  expect(turnsBefore(own, [worker(single), third])).toBe(1)
  expect(turnsBefore(worker(single), [own, third])).toBe(0)
})

test('what is under way at any worker counts', () => {
  const own = worker(flood, [[flood, 2]])
  expect(turnsBefore(own, [worker(single), worker(undefined, [[single, 2]])])).toBe(0)
})

test('of those who have as much nobody comes first, nor does who has as much once it has the slot', () => {
  const own = worker(flood, [[flood, 2]])
  expect(turnsBefore(own, [worker(single, [[single, 2]])])).toBe(0)
  expect(turnsBefore(own, [worker(single, [[single, 1]])])).toBe(0)
  expect(turnsBefore(worker(flood, [[flood, 1]]), [worker(single)])).toBe(0)
  expect(turnsBefore(own, [worker(flood)])).toBe(0)
})

test('a tenant of weight three may have three times the calls', () => {
  const weightOf = (tenant: string) => (tenant === 'flood' ? 3 : 1)
  expect(turnsBefore(worker(flood, [[flood, 3]]), [worker(single)], weightOf)).toBe(0)
  expect(turnsBefore(worker(flood, [[flood, 4]]), [worker(single)], weightOf)).toBe(1)
})

test('lanes share by their weights, whoever has calls in them', () => {
  const [high, low] = [share('one', 'high'), share('other', 'low')]
  expect(turnsBefore(worker(flood, [[flood, 2]]), [worker(high)])).toBe(1)
  expect(turnsBefore(worker(flood, [[flood, 3]]), [worker(low)])).toBe(0)
  expect(turnsBefore(worker(flood, [[flood, 4]]), [worker(low)])).toBe(1)
})

test('where no call waits, one more of whoever has most under way is taken for the next', () => {
  const third = share('third')
  expect(
    turnsBefore(
      worker(undefined, [
        [third, 1],
        [flood, 2],
      ]),
      [worker(single)],
    ),
  ).toBe(1)
  expect(turnsBefore(worker(undefined), [worker(single)])).toBe(0)
})

test('for where no call waits nobody stands back', () => {
  expect(turnsBefore(worker(flood, [[flood, 5]]), [worker(undefined)])).toBe(0)
})

test('who has no call under way in its lane does not stand back for another lane: an equal part is its own', () => {
  const [high, low] = [share('one', 'high'), share('other', 'low')]
  for (const calls of [1, 2, 5, 6]) {
    expect(turnsBefore(worker(low), [worker(high, [[high, calls]])])).toBe(0)
    expect(turnsBefore(worker(flood), [worker(high, [[high, calls]])])).toBe(0)
  }
})

test('whose tenant or lane has been without a call for a turn longer comes first, for its weight', () => {
  const without = (each: Share, turns: number) => ({ ...each, withoutMs: turns * TURN_MS })
  const weightOf = (tenant: string) => (tenant === 'flood' ? 3 : 1)
  expect(turnsBefore(worker(flood), [worker(without(single, 1))])).toBe(1)
  expect(turnsBefore(worker(without(flood, 1)), [worker(without(single, 1))])).toBe(0)
  expect(turnsBefore(worker(flood), [worker(without(single, 2))], weightOf)).toBe(0)
  expect(turnsBefore(worker(flood), [worker(without(single, 3))], weightOf)).toBe(1)
  const [high, low] = [share('one', 'high'), share('other', 'low')]
  expect(turnsBefore(worker(high), [worker(without(low, 7))])).toBe(0)
  expect(turnsBefore(worker(high), [worker(without(low, 8))])).toBe(1)
  expect(turnsBefore(worker(flood), [worker(without(single, 9)), worker(undefined, [[single, 1]])])).toBe(0)
})
