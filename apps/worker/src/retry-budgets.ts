import { earnRetry, fullRetryBudget, RETRY_BUDGET, type RetryBudget, spendRetry } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'

/** How many repeated calls this worker may still make of each provider: a share of what went well there lately. */
export interface RetryBudgets {
  /** A call of it went well. */
  earn(provider: string): void
  /** Takes one repetition; false when there is none to be had now. */
  spend(provider: string): boolean
}

export function createRetryBudgets(clock: Clock): RetryBudgets {
  const budgets = new Map<string, RetryBudget>()
  const now = (provider: string) => {
    const nowMs = clock.elapsedMs()
    return { budget: budgets.get(provider) ?? fullRetryBudget(RETRY_BUDGET, nowMs), nowMs }
  }
  return {
    earn(provider) {
      const { budget, nowMs } = now(provider)
      budgets.set(provider, earnRetry(budget, RETRY_BUDGET, nowMs))
    },
    spend(provider) {
      const { budget, nowMs } = now(provider)
      const left = spendRetry(budget, RETRY_BUDGET, nowMs)
      if (left !== undefined) budgets.set(provider, left)
      return left !== undefined
    },
  }
}
