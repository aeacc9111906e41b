import type { RateGrant, RateWish } from '@magictask/domain'

interface RateOptions {
  readonly name: string
  /** By the configuration; undefined for what is only learned. */
  readonly perMinute?: number
}

/** What this worker has taken of one of the fleet's buckets and not used yet: requests, or tokens. */
export class RateAccount {
  readonly name: string
  readonly #perMinute: number | undefined
  #has = 0
  #beyond = 0
  #wanted = 0
  #atLeast = 1
  #moreAtMs = 0

  constructor({ name, perMinute }: RateOptions) {
    this.name = name
    this.#perMinute = perMinute
  }

  /** Whether there is enough for a call that is thought to take so much. */
  covers(amount: number): boolean {
    return this.#has >= amount
  }

  take(amount: number): void {
    this.#has -= amount
  }

  /** The call took this much more than was taken for it; below 0, less. */
  correct(beyond: number): void {
    this.#beyond += beyond
  }

  /** Says what the calls that wait would take, and the first of them. */
  expect(amount: number, first: number): void {
    this.#wanted = amount
    this.#atLeast = first
  }

  /** What is likely to be there within this time, all workers together. */
  within(ms: number): number {
    return this.#perMinute === undefined ? Number.POSITIVE_INFINITY : Math.ceil((this.#perMinute * ms) / MINUTE_MS)
  }

  /** Until there is more in the bucket; undefined when nobody waits for that. */
  dueInMs(nowMs: number): number | undefined {
    return this.#wanted > this.#has ? Math.max(0, this.#moreAtMs - nowMs) : undefined
  }

  /**
   * What to say to the fleet, if there is anything to say now: more is wanted and may be there, or nobody wants what is
   * left. The bucket holds a second's worth, and that much less flows in: so in any minute no more than the limit flows out.
   */
  wish(nowMs: number): RateWish | undefined {
    const want = Math.max(0, Math.ceil(this.#wanted - this.#has))
    const isIdle = this.#wanted === 0 && this.#has > 0
    if (isIdle) {
      this.#beyond -= this.#has
      this.#has = 0
    }
    const asks = want > 0 && nowMs >= this.#moreAtMs
    if (!asks && !isIdle && Math.abs(this.#beyond) < WORTH_TELLING * this.#burst()) return undefined
    const beyond = this.#beyond
    this.#beyond = 0
    const limit = this.#perMinute === undefined ? {} : this.#limitOf(this.#perMinute)
    return { name: this.name, want: asks ? want : 0, atLeast: Math.max(0, this.#atLeast - this.#has), beyond, ...limit }
  }

  granted({ taken, moreInMs }: RateGrant, nowMs: number): void {
    this.#has += taken
    this.#moreAtMs = nowMs + moreInMs
  }

  /** The wish did not arrive, as far as is known. */
  failed(wish: RateWish): void {
    this.#beyond += wish.beyond
  }

  #burst(): number {
    return this.#perMinute === undefined ? 1 : Math.max(1, this.#perMinute / MINUTE_S)
  }

  #limitOf(perMinute: number): Pick<RateWish, 'perSecond' | 'burst'> {
    const burst = this.#burst()
    return { burst, perSecond: (perMinute + 1 - burst) / MINUTE_S }
  }
}

const MINUTE_S = 60
const MINUTE_MS = 60_000
/** Of what the bucket holds, corrections of this part are told even when nothing else is to be said. */
const WORTH_TELLING = 1
