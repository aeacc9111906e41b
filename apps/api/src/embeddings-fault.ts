import { Fault } from '@magictask/domain'
import type { Exchange } from './route.ts'

/**
 * Runs what needs embeddings; its signal aborts when the caller leaves. Whatever the provider of embeddings failed
 * with is `embeddings.unavailable` to the caller, who can do nothing about it but come back.
 */
export async function withEmbeddings<Result>(
  { response }: Exchange,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const left = new AbortController()
  response.once('close', () => left.abort())
  try {
    return await work(left.signal)
  } catch (error) {
    if (!(error instanceof Fault) || !error.code.startsWith('provider.')) throw error
    const wait = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }
    throw new Fault('embeddings.unavailable', { cause: error, ...wait })
  }
}
