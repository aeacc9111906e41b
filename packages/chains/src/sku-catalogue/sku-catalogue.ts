import type { TenantId } from '@magictask/domain'
import type { Embedder } from '@magictask/models'
import { catalogueStates, type Database, deleteSku, type SkuItem, unchangedSkus, upsertSkus } from '@magictask/store'
import { CatalogueCopies } from './catalogue-copies.ts'
import { bytesOf } from './embedding-bytes.ts'
import type { EmbeddingTurns } from './embedding-turns.ts'
import { SkuRetriever, type SkuRetrieverOptions } from './sku-retriever.ts'
import type { Candidate } from './vector-index.ts'

/** Where to look for candidates, how many, and until when. */
export interface CandidateSearch {
  readonly tenant: TenantId
  readonly text: string
  readonly limit: number
  readonly signal: AbortSignal
  /** Left out, the catalogue's own embedder embeds, at once. */
  readonly turns?: EmbeddingTurns
}

/** What a write came to. */
export interface CatalogueWrite {
  /** SKUs that are new or say something else than before. */
  readonly changed: number
  /** SKUs that the catalogue has now. */
  readonly total: number
}

/** The catalogues of all tenants, each invisible to the others. */
export interface SkuCatalogue {
  /** The tenant's SKUs that are most like the text, the closest first; none when the catalogue is empty. Sees every change that was stored before. */
  candidates(search: CandidateSearch): Promise<readonly Candidate[]>
  /** Stores SKUs, all or none; those that say what they said cost nothing. No SKU twice. Throws `catalogue.full`, and what the embedder throws. */
  upsert(tenant: TenantId, items: readonly SkuItem[], signal: AbortSignal): Promise<CatalogueWrite>
  /** Throws `sku.not_found`. */
  remove(tenant: TenantId, sku: string): Promise<void>
}

export interface SkuCatalogueOptions {
  readonly db: Database
  readonly embedder: Embedder
  /** What copies of catalogues may take up in memory; the catalogue in use is always held. Default: 96 MiB. */
  readonly mostBytes?: number
}

const MOST_BYTES = 96 * 1024 * 1024
/** Of one tenant: a copy of so many takes up some 40 MiB with embeddings of 512 numbers. */
const MOST_SKUS = 20_000

/** The catalogues in the database, searched in copies of them in memory. */
export function createSkuCatalogue({ db, embedder, mostBytes = MOST_BYTES }: SkuCatalogueOptions): SkuCatalogue {
  const copies = new CatalogueCopies({ db, embedder, mostBytes })
  const current: SkuRetrieverOptions['current'] = (tenant, turns) => copies.current(tenant, turns)
  return {
    async candidates({ text, ...search }) {
      // Not `invoke`: its callbacks can be made to send every query elsewhere by an environment variable.
      const found = await new SkuRetriever({ ...search, embedder, current })._getRelevantDocuments(text)
      return found.map(({ pageContent: description, metadata: { sku, score } }) => ({
        sku,
        description,
        score: rounded(score),
      }))
    },
    async upsert(tenant, items, signal) {
      const embeddingModel = embedder.model
      const unchanged = await unchangedSkus(db, tenant, { items, embeddingModel })
      const changed = items.filter(({ sku }) => !unchanged.has(sku))
      if (changed.length === 0) {
        const states = await catalogueStates(db, [tenant])
        return { changed: 0, total: states.get(tenant)?.entries ?? 0 }
      }
      const embeddings = await embedder.embed(
        changed.map(({ description }) => description),
        signal,
      )
      const skus = embeddings.map((embedding, at) => ({ ...itemAt(changed, at), embedding: bytesOf(embedding) }))
      const { entries } = await upsertSkus(db, tenant, { skus, embeddingModel, mostEntries: MOST_SKUS })
      return { changed: changed.length, total: entries }
    },
    remove: (tenant, sku) => deleteSku(db, tenant, sku),
  }
}

const SCORE_STEPS = 10_000

/** More digits than these say nothing. */
function rounded(score: number): number {
  return Math.round(score * SCORE_STEPS) / SCORE_STEPS
}

function itemAt(items: readonly SkuItem[], at: number): SkuItem {
  const item = items[at]
  if (item === undefined) throw new Error('an embedder gave more embeddings than it got texts')
  return item
}
