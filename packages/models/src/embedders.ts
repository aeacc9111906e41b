import { type Clock, ConfigError } from '@magictask/runtime'
import { z } from 'zod'
import type { Embedder } from './embed.ts'
import { OPENAI_URL } from './kinds/openai-compatible.ts'
import { openOfflineEmbeddings } from './offline-embeddings.ts'
import { openOpenAiEmbeddings } from './openai-embeddings.ts'

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

/** The embedder that the configuration asks for: OpenAI's when there is a key, unless it says `offline`; else the offline one. */
export function openEmbedder(variables: EmbedderVariables, clock: Clock): Embedder {
  const { OPENAI_API_KEY: apiKey, OPENAI_EMBEDDING_MODEL: model, OPENAI_BASE_URL: baseUrl } = variables
  if (apiKey === undefined && baseUrl !== undefined) {
    // Offline would silently stand in for the server that was configured.
    throw new ConfigError(
      'The configuration is not usable:\n  OPENAI_BASE_URL: is set, but OPENAI_API_KEY is not (any text will do for a server without keys)',
    )
  }
  if (apiKey === undefined || model === OFFLINE) return openOfflineEmbeddings()
  return openOpenAiEmbeddings({ apiKey, model, clock, baseUrl: baseUrl ?? OPENAI_URL })
}
