import type { Embedding } from '@magictask/models'

/** Told when a search does nothing but wait for a call to begin, and when it goes on. */
export type OnWait = (isWaiting: boolean) => void

/** How a search comes to its embeddings where its calls have to wait their turn. */
export interface EmbeddingTurns {
  /** One embedding for each text, in their order. Tells `onWait`. Throws once the search itself is stopped. */
  readonly embed: (texts: readonly string[], onWait: OnWait) => Promise<readonly Embedding[]>
  /** Aborts when the search is stopped. */
  readonly signal: AbortSignal
  /** Told of this search: also while it waits for another's embeddings, and that one for its turn. */
  readonly onWait: OnWait
}
