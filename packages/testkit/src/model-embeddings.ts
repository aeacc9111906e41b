import { offlineEmbedding } from '@magictask/models'
import { z } from 'zod'

/** A request for embeddings, as OpenAI's client sends it. */
export const EmbeddingsRequest = z.object({ model: z.string(), input: z.union([z.string(), z.array(z.string())]) })

/** What OpenAI answers with: embeddings by the words that texts share, so that retrieval finds what it should. */
export function embeddingsAnswer({ model, input }: z.infer<typeof EmbeddingsRequest>): object {
  const texts = typeof input === 'string' ? [input] : input
  const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: [...offlineEmbedding(text)] }))
  const tokens = embeddedTokens(texts)
  return { object: 'list', model, data, usage: { prompt_tokens: tokens, total_tokens: tokens } }
}

/** Made up, but of the texts' size, so that tests can add it up. */
export function embeddedTokens(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + 100 + text.length, 0)
}
