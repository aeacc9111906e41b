import { Fault } from '@magictask/domain'
import { type Clock, ConfigError, type Environment, type Log, newCallId, type Telemetry } from '@magictask/runtime'
import { z } from 'zod'
import type { Answer } from './ask.ts'
import type { EmbeddingsConfig } from './config/models-config.ts'
import { readEmbeddingPrice } from './config/read-models-config.ts'
import type { Embedder, Embedding } from './embed.ts'
import { embeddingsIn, embeddingsRequest, inRequests } from './embedding-texts.ts'
import { OPENAI_URL } from './kinds/openai-compatible.ts'
import { measuredAsk } from './measured-ask.ts'
import { openOfflineEmbeddings } from './offline-embeddings.ts'
import { embeddingsName, openEmbeddings } from './open-embeddings.ts'
import type { Target } from './target.ts'

/** The variables that say who embeds; part of the configuration of every process. */
export const EmbedderVariables = z.object({
  OPENAI_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'has to be visible characters without blanks')
    .optional(),
  OPENAI_EMBEDDING_MODEL: z.string().min(1).default('text-embedding-3-small'),
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/, error: 'has to be an http or https address' }).optional(),
})
export type EmbedderVariables = z.infer<typeof EmbedderVariables>

/** What `OPENAI_EMBEDDING_MODEL` says where the provider has no embeddings. */
const OFFLINE = 'offline'
/** Whose limits, prices and breaker hold for embeddings too. */
const PROVIDER = 'openai'

/** Who embeds: OpenAI when there is a key, unless the variables say `offline`; undefined for the offline embedder. The price stands with those of models. */
export function readEmbeddings(variables: EmbedderVariables, env: Environment): EmbeddingsConfig | undefined {
  const { OPENAI_API_KEY: apiKey, OPENAI_EMBEDDING_MODEL: model, OPENAI_BASE_URL: baseUrl } = variables
  if (apiKey === undefined && baseUrl !== undefined) {
    // Offline would silently stand in for the server that was configured.
    throw new ConfigError(
      'The configuration is not usable:\n  OPENAI_BASE_URL: is set, but OPENAI_API_KEY is not (any text will do for a server without keys)',
    )
  }
  if (apiKey === undefined || model === OFFLINE) return undefined
  const price = readEmbeddingPrice(env, PROVIDER, model)
  return {
    provider: PROVIDER,
    model,
    apiKey,
    baseUrl: baseUrl ?? OPENAI_URL,
    ...(price === undefined ? {} : { price }),
  }
}

interface EmbedderDeps {
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

/**
 * The embedder that is configured, for whoever embeds outside of any task: each request is sent at once, and told to metrics and
 * log. Offline where nothing is configured.
 */
export function openEmbedder(config: EmbeddingsConfig | undefined, deps: EmbedderDeps): Embedder {
  if (config === undefined) return openOfflineEmbeddings()
  const target = openEmbeddings(config, deps.clock)
  return {
    model: embeddingsName(config.model),
    async embed(texts, signal) {
      // A request fails as a whole, so the first that does stops the others.
      const failed = new AbortController()
      const either = AbortSignal.any([signal, failed.signal])
      try {
        return await inTurns(inRequests(texts), (request) => embedOnce(deps, target, request, either))
      } catch (error) {
        failed.abort(error)
        throw error
      }
    },
  }
}

/** One request, never repeated. */
async function embedOnce(
  { log, telemetry }: EmbedderDeps,
  target: Target,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<readonly Embedding[]> {
  const request = { ...embeddingsRequest(texts), callId: newCallId(), suggestion: 0 }
  const answer = await measuredAsk(telemetry, target, request, signal)
  log.info('texts were sent to be embedded', { texts: texts.length, ...factsOf(answer) })
  if (answer.kind === 'answered') return embeddingsIn(answer.json)
  if (answer.kind === 'aborted') throw Fault.from(signal.reason, 'provider.timeout')
  const { fault, detail, retryAfterMs } = answer
  throw new Fault(fault, { detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
}

function factsOf(answer: Answer) {
  const { provider, model, usage, costMicroUsd, latencyMs } = answer
  return {
    provider,
    model,
    outcome: answer.kind === 'broke' ? answer.fault : answer.kind,
    prompt_tokens: usage.promptTokens,
    cost_micro_usd: costMicroUsd,
    latency_ms: Math.round(latencyMs),
  }
}

const AT_ONCE = 4

/** Works on all of them, a few at once, and gives what came of them in their order. */
async function inTurns<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<readonly Result[]>,
): Promise<readonly Result[]> {
  const results: (readonly Result[])[] = []
  const left = [...items].entries()
  const worker = async () => {
    for (const [at, item] of left) results[at] = await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results.flat()
}
