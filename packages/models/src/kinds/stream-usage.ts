import { z } from 'zod'
import type { TokenUsage } from '../ask.ts'
import { defined } from '../config/resolved-provider.ts'

/** What a provider counted. Whatever is no count, or is more than a ledger's column holds, was not said: it is never 0 for that. */
export const count = z.int32().min(0).optional().catch(undefined)

/** A count that was made out of others; undefined where one of those that it needs is, or where it is none itself. */
export function sumOf(...counts: readonly (number | undefined)[]): number | undefined {
  return count.parse(counts.reduce((sum, one) => (sum === undefined || one === undefined ? undefined : sum + one)))
}

/** The counts of a stream that says them more than once, each time from the beginning: some say a part of them as 0. */
export function mostOf(before: TokenUsage, said: Partial<Record<keyof TokenUsage, number | undefined>>): TokenUsage {
  const larger = (name: keyof TokenUsage) => {
    const counts = [before[name], said[name]].filter((one) => one !== undefined)
    return counts.length === 0 ? undefined : Math.max(...counts)
  }
  const [promptTokens, completionTokens] = [larger('promptTokens'), larger('completionTokens')]
  return defined({
    promptTokens,
    cachedTokens: atMost(promptTokens, larger('cachedTokens')),
    completionTokens,
    reasoningTokens: atMost(completionTokens, larger('reasoningTokens')),
  })
}

/** A part is never more than the whole. */
function atMost(whole: number | undefined, part: number | undefined): number | undefined {
  return whole === undefined || part === undefined ? part : Math.min(whole, part)
}
