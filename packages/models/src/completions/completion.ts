import { Fault } from '@magictask/domain'
import { z } from 'zod'
import type { TokenUsage } from '../ask.ts'
import type { ModelReply } from '../model-reply.ts'

/** Reads a chat completion; a fault where it is none. What is not needed of it may be wrong. */
export function replyFrom(body: unknown): ModelReply {
  const read = Completion.safeParse(body).data
  const [choice] = read?.choices ?? []
  const usage = usageOf(read?.usage)
  if (choice === undefined && usage.promptTokens === undefined) {
    throw new Fault('provider.unavailable', {
      detail: 'The provider answered with something that is not a chat completion.',
    })
  }
  const args = argumentsOf(choice?.message.tool_calls)
  return {
    text: args === '' ? (choice?.message.content ?? '') : args,
    finishReason: choice?.finish_reason,
    refused: (choice?.message.refusal ?? '') !== '',
    usage,
  }
}

/** Text, or nothing: null and whatever else it may be. */
export const text = z.string().optional().catch(undefined)
/** More than a ledger's column holds is no count. */
const count = z.int32().min(0).optional().catch(undefined)

/**
 * What a provider counted, wherever it says it: cached tokens stand in `prompt_tokens_details` (OpenAI, Qwen, Zhipu),
 * beside it as `cached_tokens` (Kimi) or as `prompt_cache_hit_tokens` (DeepSeek).
 */
export const Usage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  cached_tokens: count,
  prompt_cache_hit_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count }).optional().catch(undefined),
  completion_tokens_details: z.object({ reasoning_tokens: count }).optional().catch(undefined),
})

/** Calls of tools, whole or in pieces. */
export const toolCalls = z
  .array(z.object({ function: z.object({ arguments: text }) }))
  .optional()
  .catch(undefined)
const Message = z.object({ content: text, refusal: text, tool_calls: toolCalls })
const Choice = z.object({ message: Message, finish_reason: text })
const Completion = z.object({ choices: z.array(Choice).catch([]), usage: Usage.optional().catch(undefined) })

/** The arguments with which the answer's tool is called; empty where none is. Only one tool is ever offered. */
export function argumentsOf(calls: z.infer<typeof toolCalls>): string {
  return calls?.[0]?.function.arguments ?? ''
}

/** The counts that were given; those that were not are left out. */
export function usageOf(usage: z.infer<typeof Usage> | undefined): TokenUsage {
  const promptTokens = usage?.prompt_tokens
  const completionTokens = usage?.completion_tokens
  const cachedTokens =
    usage?.prompt_tokens_details?.cached_tokens ?? usage?.prompt_cache_hit_tokens ?? usage?.cached_tokens
  const reasoningTokens = usage?.completion_tokens_details?.reasoning_tokens
  return {
    ...(promptTokens === undefined ? {} : { promptTokens }),
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    ...(completionTokens === undefined ? {} : { completionTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
  }
}
