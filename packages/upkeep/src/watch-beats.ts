import type { Beat } from '@magictask/store'

/**
 * Sees which workers are dead: those whose beat it has seen unchanged for a whole lease of its own clock, having
 * looked about once a second all the while.
 *
 * A gap in its own looking (a failed read, a frozen process) is no sign of anybody's death, so it starts anew: when
 * PostgreSQL comes back after 20 s, nobody is taken for dead.
 */
export class BeatWatch {
  readonly #leaseMs: number
  readonly #since = new Map<string, { readonly beat: number; readonly seenAtMs: number }>()
  #lookedAtMs = Number.NEGATIVE_INFINITY

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs
  }

  /** The beats as read now; gives those that have stood still for a lease. */
  look(beats: readonly Beat[], nowMs: number): readonly Beat[] {
    if (nowMs - this.#lookedAtMs > LONGEST_GAP_MS) this.#since.clear()
    this.#lookedAtMs = nowMs
    const present = new Set<string>(beats.map((worker) => worker.workerId))
    for (const workerId of this.#since.keys()) if (!present.has(workerId)) this.#since.delete(workerId)
    return beats.filter((worker) => this.#stoodStill(worker, nowMs))
  }

  #stoodStill({ workerId, beat }: Beat, nowMs: number): boolean {
    const seen = this.#since.get(workerId)
    if (seen?.beat === beat) return nowMs - seen.seenAtMs >= this.#leaseMs
    this.#since.set(workerId, { beat, seenAtMs: nowMs })
    return false
  }
}

const LONGEST_GAP_MS = 3_000
