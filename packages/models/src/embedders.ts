import type { Clock } from '@magictask/runtime'
import type { Embedder } from './embed.ts'
import { OPENAI_URL } from './kinds/openai-compatible.ts'
import { openOfflineEmbeddings } from './offline-embeddings.ts'
import { openOpenAiEmbeddings } from './openai-embeddings.ts'
import { demandKeyForAddress, type ProviderVariables } from './providers.ts'

/** What `OPENAI_EMBEDDING_MODEL` says where the provider has no embeddings. */
const OFFLINE = 'offline'

/** The embedder that the configuration asks for: OpenAI's when there is a key, unless it says `offline`; else the offline one. */
export function openEmbedder(variables: ProviderVariables, clock: Clock): Embedder {
  demandKeyForAddress(variables)
  const { OPENAI_API_KEY: apiKey, OPENAI_EMBEDDING_MODEL: model, OPENAI_BASE_URL: baseUrl } = variables
  if (apiKey === undefined || model === OFFLINE) return openOfflineEmbeddings()
  return openOpenAiEmbeddings({ apiKey, model, clock, baseUrl: baseUrl ?? OPENAI_URL })
}
