import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock, testClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { type StreamWatch, watchBody, watchStream } from '../src/call-watch.ts'

const never = new AbortController().signal
const TIMES = { bodyMs: 1_000, firstTokenMs: 400, betweenTokensMs: 300 }

/** When a watch of a stream that says something at these times gives it up. */
async function givenUpAfter(...heardAtMs: readonly number[]): Promise<readonly [number, unknown]> {
  const clock = testClock('2026-01-01T00:00:00Z')
  let watch: StreamWatch | undefined
  const heardOnTheWay = {
    ...clock,
    async sleep(ms: number) {
      const [next = Number.POSITIVE_INFINITY] = heardAtMs.filter((atMs) => atMs > clock.elapsedMs())
      await clock.sleep(Math.min(ms, next - clock.elapsedMs()))
      if (clock.elapsedMs() === next) watch?.heard()
    },
  }
  using begun = watchStream(TIMES, heardOnTheWay, never)
  watch = begun
  while (!begun.signal.aborted) await turn()
  return [clock.elapsedMs(), begun.signal.reason]
}

const SILENT = expect.objectContaining({ code: 'provider.timeout', message: expect.stringContaining('stopped') })

test('a stream is given up when it is silent', async () => {
  expect(await givenUpAfter()).toEqual([400, SILENT])
  expect(await givenUpAfter(350, 600)).toEqual([900, SILENT])
})

test('an answer may begin when it likes; one that goes on has its time from then on, however often it goes on', async () => {
  const clock = testClock('2026-01-01T00:00:00Z')
  using watch = watchBody(TIMES, clock, never)
  clock.advance(3_600_000)
  await turn()
  expect(watch.signal.aborted).toBe(false)
  const begunMs = clock.elapsedMs()
  watch.goesOn()
  watch.goesOn()
  while (!watch.signal.aborted) await turn()
  expect([clock.elapsedMs() - begunMs, watch.signal.reason]).toEqual([1_000, SILENT])
})

test('a call that is over leaves nothing on its caller, and one that is stopped says why', () => {
  const caller = new AbortController()
  const before = watchBody(TIMES, systemClock, caller.signal)
  before[Symbol.dispose]()
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0)
  using watch = watchBody(TIMES, systemClock, caller.signal)
  caller.abort('told to')
  expect([before.signal.aborted, watch.signal.reason]).toEqual([false, 'told to'])
  using late = watchBody(TIMES, systemClock, caller.signal)
  expect(late.signal.reason).toBe('told to')
})
