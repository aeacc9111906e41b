/** How often and how late a suggestion is asked for again. Counts are over the task's whole life. */
export interface RetryPolicy {
  /** Model calls for one suggestion, over all candidates. */
  readonly maxCalls: number
  /** Answers of one candidate that were wrong in themselves (not JSON, wrong schema, cut off, empty), for one suggestion. */
  readonly maxBadAnswers: number
  readonly firstWaitMs: number
  readonly maxWaitMs: number
  /** A number in [0, 1). Handed in, so a test can say which. */
  readonly random: () => number
}

/** The policy of every task: six calls in all, two broken answers of a candidate, waits of 2 s doubling to 32 s. */
export const RETRY: Omit<RetryPolicy, 'random'> = {
  maxCalls: 6,
  maxBadAnswers: 2,
  firstWaitMs: 2_000,
  maxWaitMs: 32_000,
}

/** How long to wait after the `calls`-th call: doubling, with jitter between half and the whole, so a fleet does not return in step. */
export function backoffMs(policy: RetryPolicy, calls: number): number {
  const ceiling = Math.min(policy.maxWaitMs, policy.firstWaitMs * 2 ** (calls - 1))
  return Math.round(ceiling / 2 + (policy.random() * ceiling) / 2)
}
