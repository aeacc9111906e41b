import { expect, test } from 'vitest'
import { noLog, STRAIN, type Strain, shareAfter, startStrainWatch, systemClock } from '../src/index.ts'

const fine: Strain = { lagMs: 3, heapShare: 0.4 }
const lagging: Strain = { ...fine, lagMs: STRAIN.lagMs }
const full: Strain = { ...fine, heapShare: STRAIN.heapShare }

function shares(from: number, ...looks: readonly Strain[]): readonly number[] {
  let share = from
  return looks.map((strain) => {
    share = shareAfter(share, strain)
    return share
  })
}

test('a process that lags or runs out of memory takes on less every second, and never nothing', () => {
  expect(shares(1, fine, lagging, full, lagging)).toEqual([1, 0.7, 0.49, 0.34])
  expect(shares(0.11, full, full)).toEqual([0.1, 0.1])
})

test('it recovers by itself, slower than it shrank', () => {
  expect(shares(0.34, fine, fine, fine, fine, fine, fine, fine)).toEqual([0.44, 0.54, 0.64, 0.74, 0.84, 0.94, 1])
})

test('whoever listens is told, and it says what is the matter while something is', async () => {
  const looks = [lagging, fine, fine, fine]
  const told: number[] = []
  const said: (string | undefined)[] = []
  const clock = { ...systemClock, sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(1, signal) }
  await using watch = startStrainWatch({
    clock,
    log: noLog,
    look: () => looks.shift() ?? fine,
    onShare: (share) => {
      told.push(share)
      queueMicrotask(() => said.push(watch.says()))
    },
  })
  while (told.at(-1) !== 1) await systemClock.sleep(1)
  await systemClock.sleep(5)
  expect(told).toEqual([0.7, 0.8, 0.9, 1])
  expect(said[0]).toBe('takes on 70 %: the event loop is 100 ms late, 40 % of the heap in use')
  expect(said.at(-1)).toBeUndefined()
})

test('an event loop that stands still most of the time is seen', async () => {
  const told: number[] = []
  await using _ = startStrainWatch({ clock: systemClock, log: noLog, onShare: (share) => told.push(share) })
  while (told.length === 0) {
    const untilMs = performance.now() + 4 * STRAIN.lagMs
    while (performance.now() < untilMs);
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  expect(told[0]).toBe(0.7)
})
