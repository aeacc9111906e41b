import type { TenantId } from '@magictask/domain'
import type { Embedder } from '@magictask/models'
import { type Database, keepEmbeddings, readCatalogue, type StoredSku } from '@magictask/store'
import { createCurrentState } from './current-states.ts'
import { bytesOf, embeddingFrom } from './embedding-bytes.ts'
import { VectorIndex } from './vector-index.ts'

export interface CopiesDeps {
  readonly db: Database
  readonly embedder: Embedder
  /** Copies of tenants that were not asked about lately go away above this. The one in use always has room. */
  readonly mostBytes: number
}

interface Copy {
  readonly index: VectorIndex
  readonly revision: number
}

/** How long embeddings may take that have to be made anew, because those that are stored are another model's. */
const REMAKE_MS = 10 * 60_000
const REMAKE_AT_ONCE = 1_000

/** Copies of tenants' catalogues in memory, each brought up to date when it is asked for. */
export class CatalogueCopies {
  readonly #deps: CopiesDeps
  readonly #currentState: ReturnType<typeof createCurrentState>
  /** The tenant that was asked about longest ago comes first. */
  readonly #held = new Map<TenantId, Copy>()
  readonly #refreshing = new Map<TenantId, Promise<Copy>>()

  constructor(deps: CopiesDeps) {
    this.#deps = deps
    this.#currentState = createCurrentState(deps.db)
  }

  /** The tenant's catalogue, with everything in it that was stored before this was called; undefined when it is empty. */
  async current(tenant: TenantId): Promise<VectorIndex | undefined> {
    const wanted = await this.#currentState(tenant)
    if (wanted === undefined || wanted.entries === 0) {
      this.#held.delete(tenant)
      return undefined
    }
    let copy = this.#held.get(tenant)
    // A refresh that was under way already may have begun before the change.
    while (copy === undefined || copy.revision < wanted.revision) copy = await this.#refreshOnce(tenant)
    this.#hold(tenant, copy)
    return copy.index
  }

  #refreshOnce(tenant: TenantId): Promise<Copy> {
    const underWay = this.#refreshing.get(tenant)
    if (underWay !== undefined) return underWay
    const refresh = this.#refresh(tenant).finally(() => this.#refreshing.delete(tenant))
    this.#refreshing.set(tenant, refresh)
    return refresh
  }

  async #refresh(tenant: TenantId): Promise<Copy> {
    const held = this.#held.get(tenant)
    const patched = held === undefined ? undefined : await this.#read(tenant, held)
    const copy = patched ?? (await this.#read(tenant, { index: new VectorIndex(), revision: 0 }))
    if (copy === undefined) throw new Error('a catalogue read whole has more entries than it counts')
    this.#hold(tenant, copy)
    return copy
  }

  /** What the copy becomes with all that came since; undefined when something was deleted as well, which no row tells. */
  async #read(tenant: TenantId, { index, revision }: Copy): Promise<Copy | undefined> {
    const { embedder, db } = this.#deps
    const strange: StoredSku[] = []
    const state = await readCatalogue(db, { tenant, sinceRevision: revision }, (page) => {
      for (const row of page) {
        const embedding = embeddingFrom(row.embedding)
        if (row.embeddingModel !== embedder.model || !index.fits(embedding)) strange.push(row)
        else index.put(row.sku, row.description, embedding)
      }
    })
    for (let from = 0; from < strange.length; from += REMAKE_AT_ONCE)
      await this.#remake(tenant, index, strange.slice(from, from + REMAKE_AT_ONCE))
    return index.size === state.entries ? { index, revision: state.revision } : undefined
  }

  async #remake(tenant: TenantId, index: VectorIndex, rows: readonly StoredSku[]): Promise<void> {
    const { embedder, db } = this.#deps
    const signal = AbortSignal.timeout(REMAKE_MS)
    const descriptions = rows.map(({ description }) => description)
    const remade = (await embedder.embed(descriptions, signal)).map((embedding, at) => ({
      sku: rows[at]?.sku ?? '',
      description: rows[at]?.description ?? '',
      embedding,
    }))
    const skus = remade.map((row) => ({ ...row, embedding: bytesOf(row.embedding) }))
    await keepEmbeddings(db, tenant, { skus, embeddingModel: embedder.model })
    for (const { sku, description, embedding } of remade) index.put(sku, description, embedding)
  }

  #hold(tenant: TenantId, copy: Copy): void {
    this.#held.delete(tenant)
    this.#held.set(tenant, copy)
    let bytes = [...this.#held.values()].reduce((sum, { index }) => sum + index.bytes, 0)
    for (const [other, { index }] of this.#held) {
      if (bytes <= this.#deps.mostBytes || other === tenant) return
      this.#held.delete(other)
      bytes -= index.bytes
    }
  }
}
