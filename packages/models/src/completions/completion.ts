import { Fault } from '@magictask/domain'
import { z } from 'zod'
import type { TokenUsage } from '../ask.ts'
import { BrokenOff } from '../broken-off.ts'
import { Refused } from '../http/refused.ts'
import { count } from '../kinds/stream-usage.ts'
import type { ModelReply } from '../model-reply.ts'
import { isError } from '../provider-error.ts'

/** Reads a chat completion; a fault, or the provider's own error, where it is none. What is not needed of it may be wrong. */
export function replyFrom(body: unknown): ModelReply {
  const read = Completion.safeParse(body).data
  const [choice] = read?.choices ?? []
  const usage = usageOf(read?.usage)
  const failed = choice === undefined ? body : choice
  if (isError(failed)) throw new BrokenOff(usage, new Refused({ body: failed }))
  const message = choice?.message
  if (message === undefined && usage.promptTokens === undefined) {
    throw new Fault('provider.unavailable', {
      detail: 'The provider answered with something that is not a chat completion.',
    })
  }
  return {
    ...toldIn(message?.content ?? '', argumentsOf(message?.tool_calls)),
    finishReason: choice?.finish_reason,
    refused: (message?.refusal ?? '') !== '',
    usage,
  }
}

/** The arguments of a tool are the answer where there are any; what is said beside them may be one. */
export function toldIn(text: string, args: string): Pick<ModelReply, 'text' | 'beside'> {
  if (args === '') return { text }
  return { text: args, ...(text === '' ? {} : { beside: text }) }
}

/** Text, or nothing: null and whatever else it may be. */
export const text = z.string().optional().catch(undefined)
/** What a model says: a text, or parts of which only those of text are the answer. */
export const content = z
  .union([z.string(), z.array(part()).transform((parts) => parts.join(''))])
  .optional()
  .catch(undefined)

function part() {
  const said = z.object({ type: z.enum(['text', 'output_text']).optional(), text: z.string() })
  return z.union([z.string(), said.transform((one) => one.text)]).catch('')
}

/**
 * What a provider counted, wherever it says it: cached tokens stand in `prompt_tokens_details` (OpenAI, Qwen, Zhipu),
 * beside it as `cached_tokens` (Kimi) or as `prompt_cache_hit_tokens` (DeepSeek).
 */
export const Usage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  cached_tokens: count,
  prompt_cache_hit_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count }).optional().catch(undefined),
  completion_tokens_details: z.object({ reasoning_tokens: count }).optional().catch(undefined),
})

/** Some give an object, where a text is meant. */
const toolArguments = z
  .union([z.string(), z.looseObject({}).transform((given) => JSON.stringify(given))])
  .optional()
  .catch(undefined)

/** Calls of tools, whole or in pieces. */
export const toolCalls = z
  .array(z.object({ function: z.object({ arguments: toolArguments }) }))
  .optional()
  .catch(undefined)
const Message = z.object({ content, refusal: text, tool_calls: toolCalls })
const Choice = z.object({
  message: Message.optional().catch(undefined),
  finish_reason: text,
  error: z.unknown().optional(),
})
const Completion = z.object({ choices: z.array(Choice).catch([]), usage: Usage.optional().catch(undefined) })

/** The arguments with which the answer's tool is called; empty where none is. Only one tool is ever offered. */
export function argumentsOf(calls: z.infer<typeof toolCalls>): string {
  return calls?.[0]?.function.arguments ?? ''
}

/**
 * The counts that were given; those that were not are left out. What the total has beyond the prompt and the completion was
 * thought, and is paid: some count it nowhere else.
 */
export function usageOf(usage: z.infer<typeof Usage> | undefined): TokenUsage {
  const { prompt_tokens: promptTokens, completion_tokens: shown, total_tokens: total = 0 } = usage ?? {}
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? usage?.prompt_cache_hit_tokens ?? usage?.cached_tokens
  const reasoned = usage?.completion_tokens_details?.reasoning_tokens
  const beyond = promptTokens === undefined || shown === undefined ? 0 : Math.max(total - promptTokens - shown, 0)
  return {
    ...(promptTokens === undefined ? {} : { promptTokens }),
    ...(cached === undefined ? {} : { cachedTokens: Math.min(cached, promptTokens ?? cached) }),
    ...(shown === undefined ? {} : { completionTokens: shown + beyond }),
    ...(reasoned === undefined && beyond === 0 ? {} : { reasoningTokens: Math.max(reasoned ?? 0, beyond) }),
  }
}
