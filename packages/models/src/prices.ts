import type { TokenUsage } from './ask.ts'
import type { Price } from './target.ts'

/**
 * What a call cost, in whole micro-dollars, rounded once. Undefined while the price, or a count that it needs, is unknown; tokens
 * that the provider does not say to have been cached are paid in full. Tokens of reasoning are among those of the completion.
 */
export function costMicroUsd(price: Price | undefined, usage: TokenUsage): number | undefined {
  const { promptTokens, completionTokens, cachedTokens = 0 } = usage
  if (price === undefined || promptTokens === undefined || completionTokens === undefined) return undefined
  const cached = Math.min(cachedTokens, promptTokens)
  const inputPrice = (promptTokens - cached) * price.inputMicroUsd
  const cachedPrice = cached * (price.cachedInputMicroUsd ?? price.inputMicroUsd)
  return Math.round((inputPrice + cachedPrice + completionTokens * price.outputMicroUsd) / TOKENS_PRICED)
}

/** A price is of so many tokens. */
const TOKENS_PRICED = 1_000_000
