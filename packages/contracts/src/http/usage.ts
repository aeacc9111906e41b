import { z } from 'zod'

/** What the model calls came to, over every attempt. */
export const Usage = z
  .strictObject({
    prompt_tokens: z.int().min(0),
    completion_tokens: z.int().min(0),
    model_calls: z.int().min(0),
    cost_micro_usd: z.int().min(0).nullable().meta({ description: 'null while the price of a call is unknown.' }),
  })
  .meta({ id: 'Usage' })

/** What the model calls of one task came to. An answer from the cache has no call, and costs nothing. */
export const TaskUsage = Usage.extend({
  cached: z.boolean().meta({ description: 'Whether a result came from the cache, without a call.' }),
}).meta({ id: 'TaskUsage' })

/** What model calls used; the cost is undefined where a price is not known. */
export interface UsageFacts {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly modelCalls: number
  readonly costMicroUsd: number | undefined
}

/** Usage under its names on the wire. */
export function usageOf(usage: UsageFacts): z.infer<typeof Usage> {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    model_calls: usage.modelCalls,
    cost_micro_usd: usage.costMicroUsd ?? null,
  }
}
