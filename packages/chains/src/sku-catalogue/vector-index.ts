import type { Embedding } from '@magictask/models'

/** A SKU that a text may be about. `score` says how alike they are: 1 at most. */
export interface Candidate {
  readonly sku: string
  readonly description: string
  readonly score: number
}

/** What strings and map entries take up beside their characters, about. */
const ROW_BYTES = 160
const FIRST_ROWS = 256

/**
 * SKUs and their embeddings in memory, searched exactly: every one is compared. The embeddings lie in one array, row
 * by row, so that a search of ten thousand takes milliseconds and nothing is collected after it.
 */
export class VectorIndex {
  readonly #rowOf = new Map<string, number>()
  readonly #skus: string[] = []
  readonly #descriptions: string[] = []
  #numbers = new Float32Array(0)
  #dimensions = 0
  #characters = 0

  get size(): number {
    return this.#skus.length
  }

  get bytes(): number {
    return this.#numbers.byteLength + 2 * this.#characters + ROW_BYTES * this.size
  }

  /** Whether an embedding has the length of those that are here. */
  fits(embedding: Embedding): boolean {
    return this.size === 0 || embedding.length === this.#dimensions
  }

  /** Adds a SKU, or replaces what was said of it. Its embedding has to fit. */
  put(sku: string, description: string, embedding: Embedding): void {
    if (!this.fits(embedding)) throw new RangeError('an embedding of another length')
    if (this.size === 0) this.#dimensions = embedding.length
    const row = this.#rowOf.get(sku) ?? this.#addRow(sku)
    this.#characters += description.length - (this.#descriptions[row]?.length ?? 0)
    this.#descriptions[row] = description
    this.#numbers.set(embedding, row * this.#dimensions)
  }

  /** The closest, best first; of those that are equally close, in the order of their SKUs. */
  nearest(query: Embedding, limit: number): readonly Candidate[] {
    if (!this.fits(query)) throw new RangeError('an embedding of another length')
    const best: Candidate[] = []
    for (let row = 0; row < this.size; row++) {
      const score = this.#score(row, query)
      const last = best.at(-1)
      if (best.length === limit && last !== undefined && score < last.score) continue
      const candidate = { sku: this.#skus[row] ?? '', description: this.#descriptions[row] ?? '', score }
      const place = best.findIndex((other) => isBefore(candidate, other))
      best.splice(place < 0 ? best.length : place, 0, candidate)
      if (best.length > limit) best.pop()
    }
    return best
  }

  #addRow(sku: string): number {
    const row = this.size
    const needed = (row + 1) * this.#dimensions
    if (needed > this.#numbers.length) {
      const grown = new Float32Array(Math.max(needed, 2 * this.#numbers.length, FIRST_ROWS * this.#dimensions))
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    this.#rowOf.set(sku, row)
    this.#skus.push(sku)
    this.#descriptions.push('')
    this.#characters += sku.length
    return row
  }

  #score(row: number, query: Embedding): number {
    const from = row * this.#dimensions
    let sum = 0
    for (let at = 0; at < this.#dimensions; at++) sum += (this.#numbers[from + at] ?? 0) * (query[at] ?? 0)
    return sum
  }
}

function isBefore(one: Candidate, other: Candidate): boolean {
  return one.score > other.score || (one.score === other.score && one.sku < other.sku)
}
