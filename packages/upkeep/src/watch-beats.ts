import type { Beat } from '@magictask/store'

/** What one look at the beats says. */
export interface Seen {
  /** Those that have stood still for a lease. */
  readonly dead: readonly Beat[]
  /** Those that have stood still for half of one, each told once: a beat at least is missing. */
  readonly late: readonly Beat[]
}

/**
 * Sees which workers are dead: those whose beat it has seen unchanged for a whole lease of its own clock, having
 * looked about once a second all the while. And which are late: those that are halfway there.
 *
 * A gap in its own looking (a failed read, a frozen process) is no sign of anybody's death, so it starts anew: when
 * PostgreSQL comes back after 20 s, nobody is taken for dead.
 */
export class BeatWatch {
  readonly #leaseMs: number
  readonly #since = new Map<string, { readonly beat: number; readonly seenAtMs: number; isLate: boolean }>()
  #lookedAtMs = Number.NEGATIVE_INFINITY

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs
  }

  /** The beats as read now. */
  look(beats: readonly Beat[], nowMs: number): Seen {
    if (nowMs - this.#lookedAtMs > LONGEST_GAP_MS) this.#since.clear()
    this.#lookedAtMs = nowMs
    const present = new Set<string>(beats.map((worker) => worker.workerId))
    for (const workerId of this.#since.keys()) if (!present.has(workerId)) this.#since.delete(workerId)
    const still = beats.map((worker) => ({ worker, forMs: this.#stillForMs(worker, nowMs) }))
    return {
      dead: still.flatMap(({ worker, forMs }) => (forMs >= this.#leaseMs ? [worker] : [])),
      late: still.flatMap(({ worker, forMs }) => (forMs >= this.#leaseMs / 2 && this.#tell(worker) ? [worker] : [])),
    }
  }

  #stillForMs({ workerId, beat }: Beat, nowMs: number): number {
    const seen = this.#since.get(workerId)
    if (seen?.beat === beat) return nowMs - seen.seenAtMs
    this.#since.set(workerId, { beat, seenAtMs: nowMs, isLate: false })
    return 0
  }

  /** True once for each standstill. */
  #tell({ workerId }: Beat): boolean {
    const seen = this.#since.get(workerId)
    if (seen === undefined || seen.isLate) return false
    seen.isLate = true
    return true
  }
}

const LONGEST_GAP_MS = 3_000
