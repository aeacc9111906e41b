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
  return {
    text: choice?.message.content ?? '',
    finishReason: choice?.finish_reason,
    refused: (choice?.message.refusal ?? '') !== '',
    usage,
  }
}

const text = z.string().optional().catch(undefined)
/** More than a ledger's column holds is no count. */
const count = z.int32().min(0).optional().catch(undefined)

const Usage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count }).optional().catch(undefined),
  completion_tokens_details: z.object({ reasoning_tokens: count }).optional().catch(undefined),
})
const Choice = z.object({ message: z.object({ content: text, refusal: text }), finish_reason: text })
const Completion = z.object({ choices: z.array(Choice).catch([]), usage: Usage.optional().catch(undefined) })

function usageOf(usage: z.infer<typeof Usage> | undefined): TokenUsage {
  const counts = {
    promptTokens: usage?.prompt_tokens,
    cachedTokens: usage?.prompt_tokens_details?.cached_tokens,
    completionTokens: usage?.completion_tokens,
    reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens,
  }
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = counts
  return {
    ...(promptTokens === undefined ? {} : { promptTokens }),
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    ...(completionTokens === undefined ? {} : { completionTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
  }
}
