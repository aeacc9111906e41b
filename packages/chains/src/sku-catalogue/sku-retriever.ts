import { Document } from '@langchain/core/documents'
import { BaseRetriever } from '@langchain/core/retrievers'
import type { TenantId } from '@magictask/domain'
import type { Embedder } from '@magictask/models'
import type { EmbeddingTurns } from './embedding-turns.ts'
import type { VectorIndex } from './vector-index.ts'

export interface SkuRetrieverOptions {
  readonly tenant: TenantId
  readonly limit: number
  readonly signal: AbortSignal
  readonly embedder: Embedder
  /** Left out, the embedder embeds. */
  readonly turns?: EmbeddingTurns
  /** The tenant's catalogue as it is now; undefined when it is empty. */
  readonly current: (tenant: TenantId, turns: EmbeddingTurns | undefined) => Promise<VectorIndex | undefined>
}

/** What a found document says beside its text, which is the description. */
interface SkuMetadata extends Record<string, unknown> {
  readonly sku: string
  readonly score: number
}

/** LangChain's retriever over one tenant's catalogue: the SKUs whose descriptions are most like a text, the closest first. */
export class SkuRetriever extends BaseRetriever<SkuMetadata> {
  override readonly lc_namespace = ['magictask', 'sku-catalogue']
  readonly #options: SkuRetrieverOptions

  constructor(options: SkuRetrieverOptions) {
    super()
    this.#options = options
  }

  override async _getRelevantDocuments(text: string): Promise<Document<SkuMetadata>[]> {
    const { tenant, limit, signal, embedder, turns, current } = this.#options
    // Many may wait for the same copy, so one that is stopped leaves instead of stopping it.
    const index = await unlessAborted(current(tenant, turns), signal)
    if (index === undefined) return []
    const [query] = await (turns === undefined ? embedder.embed([text], signal) : turns.embed([text], turns.onWait))
    const found = query === undefined ? [] : index.nearest(query, limit)
    return found.map(({ sku, description, score }) => {
      return new Document({ pageContent: description, metadata: { sku, score } })
    })
  }
}

async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const leave = () => reject(signal.reason)
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
