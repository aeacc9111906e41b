/** How many calls of a provider may be repetitions. */
export interface RetryBudgetPolicy {
  /** Repetitions that every success allows. */
  readonly perSuccess: number
  /** Repetitions a second that are allowed whatever succeeds, so that a provider that comes back is found out. */
  readonly perSecond: number
  /** Repetitions that can be saved up. */
  readonly most: number
}

/** The budget of every provider, for each worker: a fifth of what succeeds and ten a second; ten seconds of those are saved up. */
export const RETRY_BUDGET: RetryBudgetPolicy = { perSuccess: 0.2, perSecond: 10, most: 100 }

/** What is left for repeated calls of one provider, as of a moment. */
export interface RetryBudget {
  readonly left: number
  readonly atMs: number
}

/** A full budget. */
export function fullRetryBudget(policy: RetryBudgetPolicy, nowMs: number): RetryBudget {
  return { left: policy.most, atMs: nowMs }
}

/** The budget after a call that went well. */
export function earnRetry(budget: RetryBudget, policy: RetryBudgetPolicy, nowMs: number): RetryBudget {
  return bounded(refilled(budget, policy, nowMs) + policy.perSuccess, policy, nowMs)
}

/** The budget after a repetition; undefined when none is left. */
export function spendRetry(budget: RetryBudget, policy: RetryBudgetPolicy, nowMs: number): RetryBudget | undefined {
  const left = refilled(budget, policy, nowMs)
  return left < 1 ? undefined : bounded(left - 1, policy, nowMs)
}

function refilled({ left, atMs }: RetryBudget, policy: RetryBudgetPolicy, nowMs: number): number {
  return Math.min(policy.most, left + (Math.max(0, nowMs - atMs) / 1_000) * policy.perSecond)
}

function bounded(left: number, policy: RetryBudgetPolicy, nowMs: number): RetryBudget {
  return { left: Math.min(policy.most, left), atMs: nowMs }
}
