import type { TenantId } from '@magictask/domain'
import type { Embedder, Embedding } from '@magictask/models'
import { type Database, keepEmbeddings, readCatalogue, type StoredSku } from '@magictask/store'
import { createCurrentState } from './current-states.ts'
import { bytesOf, embeddingFrom } from './embedding-bytes.ts'
import type { EmbeddingTurns, OnWait } from './embedding-turns.ts'
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

type Embed = (texts: readonly string[]) => Promise<readonly Embedding[]>

/** A copy that is being brought up to date for one search; others that need it wait for what becomes of it. */
interface Refresh {
  /** Undefined when the search that it was for was stopped in the middle. */
  readonly copy: Promise<Copy | undefined>
  readonly followers: Set<OnWait>
  isWaiting: boolean
}

/** How long embeddings may take that have to be made anew, because those that are stored are another model's. */
const REMAKE_MS = 10 * 60_000
/** Kept before the next are made. */
const REMAKE_AT_ONCE = 512

/** Copies of tenants' catalogues in memory, each brought up to date when it is asked for. */
export class CatalogueCopies {
  readonly #deps: CopiesDeps
  readonly #currentState: ReturnType<typeof createCurrentState>
  /** The tenant that was asked about longest ago comes first. */
  readonly #held = new Map<TenantId, Copy>()
  readonly #refreshing = new Map<TenantId, Refresh>()

  constructor(deps: CopiesDeps) {
    this.#deps = deps
    this.#currentState = createCurrentState(deps.db)
  }

  /** The tenant's catalogue, with everything in it that was stored before this was called; undefined when it is empty. */
  async current(tenant: TenantId, turns?: EmbeddingTurns): Promise<VectorIndex | undefined> {
    const wanted = await this.#currentState(tenant)
    if (wanted === undefined || wanted.entries === 0) {
      this.#held.delete(tenant)
      return undefined
    }
    let copy = this.#held.get(tenant)
    // A refresh that was under way already may have begun before the change.
    while (copy === undefined || copy.revision < wanted.revision) copy = await this.#refreshOnce(tenant, turns)
    this.#hold(tenant, copy)
    return copy.index
  }

  async #refreshOnce(tenant: TenantId, turns: EmbeddingTurns | undefined): Promise<Copy | undefined> {
    const underWay = this.#refreshing.get(tenant)
    // Of those who were stopped together none reads a catalogue any more.
    turns?.signal.throwIfAborted()
    return underWay === undefined ? this.#lead(tenant, turns) : follow(underWay, turns?.onWait)
  }

  /** Whose calls wait their turn may be stopped at any time: then whoever follows goes on where it ended. */
  async #lead(tenant: TenantId, turns: EmbeddingTurns | undefined): Promise<Copy> {
    const { promise, resolve, reject } = Promise.withResolvers<Copy | undefined>()
    promise.catch(() => undefined) // perhaps nobody follows
    const refresh: Refresh = { copy: promise, followers: new Set(), isWaiting: false }
    this.#refreshing.set(tenant, refresh)
    let isStopped = false
    const embed: Embed = async (texts) => {
      if (turns === undefined) return this.#deps.embedder.embed(texts, AbortSignal.timeout(REMAKE_MS))
      isStopped = true
      const embeddings = await turns.embed(texts, (isWaiting) => tell(refresh, turns.onWait, isWaiting))
      isStopped = false
      return embeddings
    }
    try {
      const copy = await this.#refresh(tenant, embed)
      resolve(copy)
      return copy
    } catch (error) {
      if (isStopped) resolve(undefined)
      else reject(error)
      throw error
    } finally {
      this.#refreshing.delete(tenant)
    }
  }

  async #refresh(tenant: TenantId, embed: Embed): Promise<Copy> {
    const held = this.#held.get(tenant)
    const patched = held === undefined ? undefined : await this.#read(tenant, held, embed)
    const copy = patched ?? (await this.#read(tenant, { index: new VectorIndex(), revision: 0 }, embed))
    if (copy === undefined) throw new Error('a catalogue read whole has more entries than it counts')
    this.#hold(tenant, copy)
    return copy
  }

  /** What the copy becomes with all that came since; undefined when something was deleted as well, which no row tells. */
  async #read(tenant: TenantId, { index, revision }: Copy, embed: Embed): Promise<Copy | undefined> {
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
      for (const row of await this.#remake(tenant, strange.slice(from, from + REMAKE_AT_ONCE), embed))
        index.put(row.sku, row.description, row.embedding)
    return index.size === state.entries ? { index, revision: state.revision } : undefined
  }

  async #remake(tenant: TenantId, rows: readonly StoredSku[], embed: Embed) {
    const { embedder, db } = this.#deps
    const descriptions = rows.map(({ description }) => description)
    const remade = (await embed(descriptions)).map((embedding, at) => ({
      sku: rows[at]?.sku ?? '',
      description: rows[at]?.description ?? '',
      embedding,
    }))
    const skus = remade.map((row) => ({ ...row, embedding: bytesOf(row.embedding) }))
    await keepEmbeddings(db, tenant, { skus, embeddingModel: embedder.model })
    return remade
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

/** What holds up whoever leads a refresh holds up all who follow. */
function tell(refresh: Refresh, leader: OnWait, isWaiting: boolean): void {
  refresh.isWaiting = isWaiting
  for (const onWait of [leader, ...refresh.followers]) onWait(isWaiting)
}

async function follow({ copy, followers, isWaiting }: Refresh, onWait?: OnWait): Promise<Copy | undefined> {
  if (onWait === undefined) return copy
  followers.add(onWait)
  onWait(isWaiting)
  try {
    return await copy
  } finally {
    followers.delete(onWait)
    onWait(false)
  }
}
