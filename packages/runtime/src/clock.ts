import { setTimeout as delay } from 'node:timers/promises'

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
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
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
