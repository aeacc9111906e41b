import { expect, test } from 'vitest'
import { atPace, NO_PACE, nextPace, type Pace } from '../src/release-pace.ts'

const TURN_MS = 50
const TURNS_A_SECOND = 20
const TURNS_BETWEEN_LOOKS = 4
/** The first seconds are to find the pace in. */
const [FIRST_SECONDS, SECONDS] = [5, 60]

interface Worker {
  readonly startsPerSecond: number
  /** What it keeps ready at most. */
  readonly ahead: number
}

/** A worker that keeps a few tasks ready and starts some of them with each turn. Gives how many of those that are offered it takes. */
function workerOf({ startsPerSecond, ahead }: Worker) {
  let ready = 0
  let mayStart = 0
  return {
    take(offered: number): number {
      const taken = Math.min(offered, ahead - ready)
      ready += taken
      return taken
    },
    start(): number {
      mayStart += startsPerSecond / TURNS_A_SECOND
      const started = Math.min(ready, Math.floor(mayStart))
      ready -= started
      mayStart = Math.min(1, mayStart - started)
      return started
    },
  }
}

/**
 * What starts and what is released a second, and at most with a turn, where there is more than enough to do. What the worker does not take it parks for a
 * second; that is counted a few times a second, and comes back when it is counted.
 */
function atThePaceOf(about: Worker) {
  const worker = workerOf(about)
  let pace: Pace = NO_PACE
  let parked = 0
  let parkedUntil: readonly number[] = []
  let [started, released, mostAtOnce] = [0, 0, 0]
  for (let turn = -FIRST_SECONDS * TURNS_A_SECOND; turn < SECONDS * TURNS_A_SECOND; turn++) {
    if (turn % TURNS_BETWEEN_LOOKS === 0) {
      parkedUntil = parkedUntil.filter((until) => until > turn)
      parked = parkedUntil.length
    }
    const nowMs = turn * TURN_MS
    const [tasks = 0] = atPace([{ lane: 'normal', room: 9 }], pace, { parked, nowMs })
    pace = nextPace(pace, [{ lane: 'normal', tasks, atMs: nowMs }], { parked, nowMs })
    const refused = tasks - worker.take(tasks)
    parkedUntil = [...parkedUntil, ...Array.from({ length: refused }, () => turn + TURNS_A_SECOND)]
    const begun = worker.start()
    if (turn < 0) continue
    started += begun
    released += tasks
    mostAtOnce = Math.max(mostAtOnce, tasks)
  }
  return { started: started / SECONDS, released: released / SECONDS, mostAtOnce }
}

test.each([
  { startsPerSecond: 2, ahead: 2 },
  { startsPerSecond: 6.5, ahead: 6 },
  { startsPerSecond: 20, ahead: 18 },
  { startsPerSecond: 40, ahead: 34 },
])('a worker that starts $startsPerSecond a second always has one ready, and parks little', (worker) => {
  const { started, released } = atThePaceOf(worker)
  expect(started / worker.startsPerSecond).toBeGreaterThan(0.98)
  expect(released).toBeLessThan(worker.startsPerSecond * 1.5 + 4)
})

test('what is released is spread evenly, so that whoever comes does not wait behind a burst', () => {
  expect(atThePaceOf({ startsPerSecond: 20, ahead: 18 }).mostAtOnce).toBeLessThanOrEqual(2)
  expect(atThePaceOf({ startsPerSecond: 2, ahead: 2 }).mostAtOnce).toBe(1)
})

test('where workers park none any more, all that there is room for is released again', () => {
  const parkedAt = (nowMs: number, parked: number) => nextPace(NO_PACE, [], { parked, nowMs })
  const rooms = [{ lane: 'normal', room: 9 }] as const
  expect(atPace(rooms, parkedAt(0, 1), { parked: 0, nowMs: 500 })).toEqual([1])
  expect(atPace(rooms, parkedAt(0, 1), { parked: 0, nowMs: 5_000 })).toEqual([9])
  expect(atPace(rooms, NO_PACE, { parked: 0, nowMs: 0 })).toEqual([9])
})

test('where nothing starts any more, one or two a second are tried', () => {
  const { released } = atThePaceOf({ startsPerSecond: 0, ahead: 0 })
  expect(released).toBeGreaterThan(0.9)
  expect(released).toBeLessThan(2.5)
})
