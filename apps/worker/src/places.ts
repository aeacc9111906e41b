import { LANES, type Lane } from '@magictask/domain'
import { type LaneDemand, placesFor } from './scheduler.ts'

/**
 * The places for tasks that a worker has: one per model call that a task still needs. Records on their way through
 * the claim hold a place too, so that partitions that are looked at side by side do not take more than there is.
 */
export class Places {
  readonly #slots: number
  readonly #taken: Record<Lane, number> = { high: 0, normal: 0, low: 0 }
  readonly #wants: Record<Lane, boolean> = { high: false, normal: false, low: false }

  constructor(slots: number) {
    this.#slots = slots
  }

  get taken(): number {
    return LANES.reduce((sum, lane) => sum + this.#taken[lane], 0)
  }

  /** Takes up to `wanted` places for a lane and tells how many it got. `ahead`: tasks that may be claimed before a slot is free for them. */
  take(lane: Lane, wanted: number, ahead: number): number {
    const places = this.#slots + ahead
    const got = Math.min(wanted, placesFor(lane, this.#demand(), { places, free: Math.max(0, places - this.taken) }))
    this.#wants[lane] = got < wanted
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

  #demand(): Record<Lane, LaneDemand> {
    const of = (lane: Lane): LaneDemand => ({ taken: this.#taken[lane], wants: this.#wants[lane] })
    return { high: of('high'), normal: of('normal'), low: of('low') }
  }
}
