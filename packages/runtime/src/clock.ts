/** Time, handed in: nothing else reads a clock, so a test can say what time it is. */
export interface Clock {
  /** The wall clock: for what is shown and stored, never for durations. */
  now(): Date
  /** Milliseconds that only ever grow, from an arbitrary start: for durations within this process. */
  elapsedMs(): number
  /** Resolves after `ms`, or as soon as `signal` aborts. Never rejects: an early wake-up is not an error. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  sleep: (ms, signal) => (signal === undefined ? delay(ms) : delayUntilAborted(ms, signal)),
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Not `node:timers/promises`: an early wake-up is as usual as a late one, and would cost an error with its stack each time. */
function delayUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const wake = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, ms)
    signal.addEventListener('abort', wake)
  })
}

/** A clock that moves only when someone sleeps, or when told: a test of an hour of retries takes no time. */
export function testClock(start: string): Clock & { advance(ms: number): void } {
  let passedMs = 0
  const startMs = Date.parse(start)
  return {
    now: () => new Date(startMs + passedMs),
    elapsedMs: () => passedMs,
    async sleep(ms) {
      passedMs += ms
    },
    advance(ms) {
      passedMs += ms
    },
  }
}
