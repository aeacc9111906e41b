import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock, testClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { type StreamWatch, watchCall, watchStream } from '../src/call-watch.ts'

const never = new AbortController().signal
const TIMES = { callMs: 1_000, firstTokenMs: 400, betweenTokensMs: 300 }

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

test('a stream is given up when it is silent, and also when it talks for ever', async () => {
  const silent = expect.objectContaining({ code: 'provider.timeout', message: expect.stringContaining('stopped') })
  const tooLong = expect.objectContaining({ code: 'provider.timeout', message: expect.stringContaining('as a whole') })
  expect(await givenUpAfter()).toEqual([400, silent])
  expect(await givenUpAfter(350, 600)).toEqual([900, silent])
  expect(await givenUpAfter(350, 600, 850, 1_100)).toEqual([1_000, tooLong])
})

test('a call that is over leaves nothing on its caller, and one that is stopped says why', () => {
  const caller = new AbortController()
  const before = watchCall(TIMES, systemClock, caller.signal)
  before[Symbol.dispose]()
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0)
  using watch = watchCall(TIMES, systemClock, caller.signal)
  caller.abort('told to')
  expect([before.signal.aborted, watch.signal.reason]).toEqual([false, 'told to'])
  using late = watchCall(TIMES, systemClock, caller.signal)
  expect(late.signal.reason).toBe('told to')
})
