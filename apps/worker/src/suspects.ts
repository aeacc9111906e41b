import type { Task } from '@magictask/contracts'
import type { Offer } from '@magictask/store'

/** A record of a suspect, not claimed yet. */
export type Suspect = Offer & { readonly task: Task }

const MOST_KEPT = 64

/**
 * Suspects run one at a time on a worker, so that when it dies the culprit is known. Those that come while one
 * runs are kept here, unclaimed: if this worker dies first, their marks run out and they are released again.
 */
export class Suspects {
  readonly #kept = new Map<string, Suspect>()
  #running: string | undefined

  /** How many suspects may be claimed now. */
  get room(): number {
    return this.#running === undefined ? 1 : 0
  }

  /** Beyond 64 a suspect is let go; it comes again when its mark has run out. */
  keep(suspect: Suspect): void {
    if (this.#kept.size < MOST_KEPT) this.#kept.set(suspect.taskId, suspect)
  }

  started(taskId: string): void {
    this.#running = taskId
  }

  /** To be told of every task that ends. */
  ended(taskId: string): void {
    if (this.#running === taskId) this.#running = undefined
  }

  /** Takes the next one out, to be claimed; undefined while a suspect runs, or when none is kept. */
  next(): Suspect | undefined {
    if (this.room === 0) return undefined
    const [first] = this.#kept.values()
    if (first !== undefined) this.#kept.delete(first.taskId)
    return first
  }
}
