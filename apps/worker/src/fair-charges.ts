import { ALL_SUGGESTIONS, queueFor } from '@magictask/domain'
import type { TokenUsage } from '@magictask/models'
import type { FairCharge } from '@magictask/store'
import type { RunningTask } from './running-tasks.ts'

/** From one writing of charges to the next: they are sums, and nobody waits for them. */
const EVERY_MS = 500

/** What tasks took beyond what was thought when they were released, summed by tenant, lane and queue until it is written. */
export class FairCharges {
  #sums = new Map<string, FairCharge>()
  #takenAtMs = Number.NEGATIVE_INFINITY

  add(charge: FairCharge): void {
    const key = JSON.stringify([charge.tenant, charge.lane, charge.queue])
    const before = this.#sums.get(key)?.tokens ?? 0
    this.#sums.set(key, { ...charge, tokens: before + charge.tokens })
  }

  /** All of them when it is time, else none. What could not be written is to be added again. */
  take(nowMs: number): readonly FairCharge[] {
    if (nowMs - this.#takenAtMs < EVERY_MS) return []
    this.#takenAtMs = nowMs
    const taken = [...this.#sums.values()].filter(({ tokens }) => tokens !== 0)
    this.#sums = new Map()
    return taken
  }
}

/** What a claim took in all, against what its task was thought to take: less than nothing when no call was made. */
export function chargeFor({ task, claim, tokens }: RunningTask): FairCharge {
  const { tenant, lane, tier } = task
  return { tenant, lane, queue: queueFor(tier), tokens: Math.round(tokens - claim.cost) }
}

/** What a call took; of a provider that does not count, its part of what was thought, which is all for suggestions. */
export function tokensOf(usage: TokenUsage, { task, claim }: RunningTask, suggestion: number): number {
  const { promptTokens, completionTokens } = usage
  if (promptTokens === undefined && completionTokens === undefined)
    return suggestion === ALL_SUGGESTIONS ? 0 : claim.cost / task.num_suggestions
  return (promptTokens ?? 0) + (completionTokens ?? 0)
}
