import { LANES, type Lane } from '@magictask/domain'
import { type LaneDemand, placesFor } from './scheduler.ts'

/**
 * The places for tasks that a worker has: one per model call that a task still needs. Records on their way through
 * the claim hold a place too, so that partitions that are looked at side by side do not take more than there is.
 */
export class Places {
  #slots: number
  readonly #taken: Record<Lane, number> = { high: 0, normal: 0, low: 0 }
  readonly #refusedAtMs: Record<Lane, number> = { high: NEVER_MS, normal: NEVER_MS, low: NEVER_MS }

  constructor(slots: number) {
    this.#slots = slots
  }

  /** Places without those for tasks that are claimed ahead. */
  get slots(): number {
    return this.#slots
  }

  get taken(): number {
    return LANES.reduce((sum, lane) => sum + this.#taken[lane], 0)
  }

  /** Another number of places from now on; tasks that have one keep it. */
  resize(slots: number): void {
    this.#slots = slots
  }

  /** Takes up to `wanted` places for a lane and tells how many it got. `ahead`: tasks that may be claimed before a slot is free for them. */
  take(lane: Lane, wanted: number, { ahead, nowMs }: { readonly ahead: number; readonly nowMs: number }): number {
    const places = this.#slots + ahead
    const free = Math.max(0, places - this.taken)
    const got = Math.min(wanted, placesFor(lane, this.#demand(nowMs), { places, free }))
    this.#refusedAtMs[lane] = got < wanted ? nowMs : NEVER_MS
    this.#taken[lane] += got
    return got
  }

  /** Takes places whether there are any or not: a claimed task has as many calls as it has, and its first place already. */
  add(lane: Lane, places: number): void {
    this.#taken[lane] += places
  }

  giveBack(lane: Lane, places: number): void {
    this.#taken[lane] -= places
  }

  #demand(nowMs: number): Record<Lane, LaneDemand> {
    const of = (lane: Lane): LaneDemand => ({
      taken: this.#taken[lane],
      wants: nowMs - this.#refusedAtMs[lane] < WANTED_FOR_MS,
    })
    return { high: of('high'), normal: of('normal'), low: of('low') }
  }
}

const NEVER_MS = Number.NEGATIVE_INFINITY

/** What was refused may meanwhile have gone to another worker: then nothing is kept for it any more. */
const WANTED_FOR_MS = 1_000
