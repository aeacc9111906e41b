import type { Clock } from '@magictask/runtime'

const SHARE_OF_A_CORE = 0.01
const MOST_SAVED_MS = 1_000

/** Time that may be spent on counting. */
export interface Budget {
  leftMs(): number
  spend(ms: number): void
}

/** It grows by a hundredth of the time that passes, up to a second. */
export function createBudget(clock: Clock): Budget {
  let savedMs = MOST_SAVED_MS
  let atMs = clock.elapsedMs()
  const leftMs = () => {
    const nowMs = clock.elapsedMs()
    savedMs = Math.min(MOST_SAVED_MS, savedMs + (nowMs - atMs) * SHARE_OF_A_CORE)
    atMs = nowMs
    return savedMs
  }
  return {
    leftMs,
    spend(ms) {
      savedMs = leftMs() - ms
    },
  }
}
