import { newWorkerId } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { BeatWatch } from '../src/index.ts'

// PROTOCOL 2: who is dead is seen, not computed

const LEASE_MS = 15_000
const SECOND_MS = 1_000
const worker = newWorkerId()

/** What each look says of one worker: a number is its beat, `gone` is no row, `away` is a look that failed. */
function lookAt(beats: readonly (number | 'gone' | 'away')[]): readonly boolean[] {
  const watch = new BeatWatch(LEASE_MS)
  return beats.map((beat, second) => {
    if (beat === 'away') return false
    const there = beat === 'gone' ? [] : [{ workerId: worker, beat }]
    return watch.look(there, second * SECOND_MS).dead.length > 0
  })
}

const times = <Value>(count: number, value: Value): readonly Value[] => Array.from({ length: count }, () => value)

test.each([
  { what: 'a beat that never moves is dead after a lease, not before', beats: times(16, 7), diesAt: 15 },
  {
    what: 'a beat that moves every four seconds is alive',
    beats: times(60, 0).map((_, s) => Math.floor(s / 4)),
    diesAt: -1,
  },
  {
    what: 'one that moved at the last moment has another lease',
    beats: [...times(15, 1), ...times(16, 2)],
    diesAt: 30,
  },
  {
    what: 'a beat that came back to an old number was still seen to move',
    beats: [...times(14, 1), 2, ...times(14, 1)],
    diesAt: -1,
  },
  {
    what: 'one that went and came back begins anew',
    beats: [...times(10, 1), 'gone' as const, ...times(15, 1)],
    diesAt: -1,
  },
  {
    what: 'one look that failed does not begin anew',
    beats: [...times(8, 1), 'away' as const, ...times(8, 1)],
    diesAt: 15,
  },
  {
    what: 'three looks that failed begin anew',
    beats: [...times(8, 1), ...times(3, 'away' as const), ...times(15, 1)],
    diesAt: -1,
  },
  {
    what: 'after twenty seconds without PostgreSQL nobody is dead',
    beats: [...times(14, 1), ...times(20, 'away' as const), ...times(15, 1)],
    diesAt: -1,
  },
])('$what', ({ beats, diesAt }) => {
  expect(lookAt(beats).indexOf(true)).toBe(diesAt)
})

test('each is judged by its own beat', () => {
  const watch = new BeatWatch(LEASE_MS)
  const [silent, alive] = [newWorkerId(), newWorkerId()]
  const looks = times(20, 0).map((_, second) =>
    watch
      .look(
        [
          { workerId: silent, beat: 3 },
          { workerId: alive, beat: second },
        ],
        second * SECOND_MS,
      )
      .dead.map((dead) => dead.workerId),
  )
  expect(looks[14]).toEqual([])
  expect(looks[15]).toEqual([silent])
})

test('a process that was frozen itself takes nobody for dead when it wakes', () => {
  const watch = new BeatWatch(LEASE_MS)
  const beat = [{ workerId: worker, beat: 1 }]
  expect(watch.look(beat, 0).dead).toEqual([])
  expect(watch.look(beat, 3_600_000).dead).toEqual([])
  expect(watch.look(beat, 3_600_000 + LEASE_MS - 1_000).dead).toEqual([])
})

test('a worker is late once its beat has stood still for half a lease, and again only when it has moved in between', () => {
  const watch = new BeatWatch(LEASE_MS)
  const beats = [...times(10, 1), ...times(14, 2)]
  const late = beats.flatMap((beat, second) =>
    watch.look([{ workerId: worker, beat }], second * SECOND_MS).late.length > 0 ? [second] : [],
  )
  expect(late).toEqual([8, 18])
})
