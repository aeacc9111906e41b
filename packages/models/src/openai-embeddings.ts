import { FAULTS, Fault } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import { z } from 'zod'
import type { TokenUsage } from './ask.ts'
import { BrokenOff } from './broken-off.ts'
import { watchWhole } from './call-watch.ts'
import type { EmbeddingsConfig } from './config/models-config.ts'
import { answerFrom } from './embedding-texts.ts'
import { faultFromProvider } from './fault-from-provider.ts'
import { createHttpPost, endpoint, type HttpReply } from './http/http-post.ts'
import { Refused } from './http/refused.ts'
import { count } from './kinds/stream-usage.ts'
import { isError } from './provider-error.ts'
import type { Send } from './send.ts'

/**
 * A model that speaks OpenAI's embeddings. One question is one HTTP request. What comes that is no embeddings is a server that
 * does not work, and never an answer that could be mended: there is nobody to tell what was wrong.
 */
export function openOpenAiEmbeddings(config: EmbeddingsConfig, clock: Clock): Send {
  const { apiKey, baseUrl, model, provider } = config
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` }
  const to = endpoint(baseUrl, '/embeddings', headers)
  const post = createHttpPost(MOST_ANSWER_BYTES)
  const dimensions = dimensionsOf(model)
  return async ({ messages }, signal) => {
    using watch = watchWhole(REQUEST_TIMEOUT_MS, clock, signal)
    const body = JSON.stringify({ model, input: messages.map(({ text }) => text), dimensions })
    try {
      const { text, usage } = replyFrom(await post(to, body, { signal: watch.signal }), messages.length)
      return { text, usage, finishReason: 'stop', refused: false }
    } catch (thrown) {
      const { code } = faultFromProvider(thrown, clock.now(), provider)
      throw FAULTS[code].remedy === 'repair' ? new Fault('provider.unavailable', { cause: thrown }) : thrown
    }
  }
}

/** How many dimensions are asked for; undefined where the model's own are taken. */
export function dimensionsOf(model: string): number | undefined {
  return SHORTENED.test(model) ? SHORT_DIMENSIONS : undefined
}

/** These models can be asked for their first dimensions only, which keep nearly all that they know at a third of the memory. */
const SHORTENED = /^text-embedding-3-/
const SHORT_DIMENSIONS = 512

const MOST_ANSWER_BYTES = 64 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 30_000
const FIRST_NO_SUCCESS = 300

const Data = z.array(z.object({ embedding: z.array(z.number()) }))
const Usage = z.object({ prompt_tokens: count, total_tokens: count })
const Reply = z.object({ data: Data.catch([]), usage: Usage.optional().catch(undefined) })

interface Read {
  readonly text: string
  readonly usage: TokenUsage
}

function replyFrom({ status, headers, body }: HttpReply, wanted: number): Read {
  const json = parsed(body.toString('utf8'))
  if (status >= FIRST_NO_SUCCESS) throw new Refused({ status, headers, body: json })
  const { data = [], usage } = Reply.safeParse(json).data ?? {}
  const counted = usageOf(usage)
  if (isError(json)) throw new BrokenOff(counted, new Refused({ body: json }))
  const length = data[0]?.embedding.length ?? 0
  if (data.length !== wanted || length === 0 || data.some(({ embedding }) => embedding.length !== length)) {
    const detail = 'The provider answered with something that is no embeddings.'
    throw new BrokenOff(counted, new Fault('provider.unavailable', { detail }))
  }
  return { text: answerFrom(data.map(({ embedding }) => embedding)), usage: counted }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** There is nothing but a prompt. */
function usageOf(usage: z.infer<typeof Usage> | undefined): TokenUsage {
  const promptTokens = usage?.prompt_tokens ?? usage?.total_tokens
  return promptTokens === undefined ? {} : { promptTokens, completionTokens: 0 }
}
