/** Where a text stands among texts: of length 1, so that the dot product of two says how alike they are, 1 at most. */
export type Embedding = Float32Array

/** Turns texts into embeddings. */
export interface Embedder {
  /** Embeddings are comparable with each other when, and only when, this is the same. */
  readonly model: string
  /** One embedding for each text, in their order, all of the same length. Throws a `Fault` with a `provider.*` code. */
  readonly embed: (texts: readonly string[], signal: AbortSignal) => Promise<readonly Embedding[]>
}

/** The same direction at length 1; what has no direction stays as it is. */
export function unit(numbers: ArrayLike<number>): Embedding {
  const embedding = Float32Array.from(numbers)
  const length = Math.sqrt(embedding.reduce((sum, number) => sum + number * number, 0))
  return length === 0 ? embedding : embedding.map((number) => number / length)
}

/** How alike two embeddings of one model are: 1 for the same direction, 0 for nothing in common. */
export function similarity(one: Embedding, other: Embedding): number {
  return one.reduce((sum, number, at) => sum + number * (other[at] ?? 0), 0)
}
