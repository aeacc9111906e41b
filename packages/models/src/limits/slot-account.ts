import type { Share, SlotGrant, SlotWish, WeightOf } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import { FleetTurn } from './fleet-turn.ts'

/** What an account goes by beside its own numbers. */
export interface SlotAccountDeps {
  readonly clock: Pick<Clock, 'elapsedMs'>
  /** How much tenants weigh beside each other; all the same when left out. */
  readonly weightOf?: WeightOf | undefined
}

/**
 * This worker's part of one of the fleet's limits. It never uses more than it holds, and it stops holding what it gives
 * back before it tells the fleet.
 */
export class SlotAccount {
  readonly name: string
  #cap: number
  #held = 0
  #used = 0
  /** Of the slots in use those that may not be used again, because there are more in use than the limit has. */
  #excess = 0
  /** Calls that wait and would use it. */
  #waiting = 0
  /** Less was given than was wanted, and nothing was heard of it since. */
  #isShort = false
  /** What others wait for who have less than their share. */
  #needed = 0
  #share = 1
  /** The fleet may have heard of slots or wishes that it has to hear the end of. */
  #isKnown = false
  /** What was last said to be held or wanted. */
  #said = 0
  #mustTell = false
  /** Of the slots in use those that others come first for: they go back as they free up. */
  #owed = 0
  readonly #turn: FleetTurn
  /** Less was asked for than there is use for, because others come first. */
  #stoodBack = false

  constructor(name: string, cap: number, { clock, weightOf }: SlotAccountDeps) {
    this.name = name
    this.#cap = cap
    this.#turn = new FleetTurn(clock, weightOf)
  }

  get cap(): number {
    return this.#cap
  }

  get held(): number {
    return this.#held
  }

  get used(): number {
    return this.#used
  }

  /** More that calls wait for. */
  get wanted(): number {
    return Math.max(0, this.#used + this.#waiting - this.#held)
  }

  get hasFree(): boolean {
    return this.#used < this.#held
  }

  /** Whether more was asked for than there was: whoever can should go elsewhere. */
  get isShort(): boolean {
    return this.#isShort
  }

  /** Whether the fleet may give more: nobody knows until it is asked. */
  get mayGrow(): boolean {
    return !this.#isShort && this.#held < this.#cap
  }

  take(share: Share): void {
    this.#used += 1
    this.#turn.began(share)
  }

  /** Before anything else is started in it. */
  free(share: Share): void {
    this.#used -= 1
    this.#turn.ended(share)
    if (this.#excess > 0) this.#excess -= 1
    else if (this.#owed > 0) this.#owed -= 1
    else return
    this.#held -= 1
    this.#mustTell = true
  }

  /** For how long a share has had no call under way in it, at any worker; undefined where nobody else tells of its calls. */
  withoutMs(share: Share): number | undefined {
    return this.#turn.hasOthers ? this.#turn.withoutMs(share) : undefined
  }

  /** Says how many calls wait for it, and whose is the next. */
  expect(waiting: number, next?: Share): void {
    this.#waiting = waiting
    this.#turn.expect(next)
  }

  /** The limit is another one from now on. Of a lower one nobody knows what is left until the fleet is asked. */
  resize(cap: number): void {
    if (cap === this.#cap) return
    if (cap < this.#cap) this.#useNoMore()
    this.#cap = cap
    this.look()
  }

  /** Somebody gave back or wants some, or it is time to look again. */
  look(): void {
    this.#mustTell = true
    this.#isShort = false
  }

  /** The fleet has forgotten what this worker held, and others may use it: only what is in use can still be said to be. */
  forget(): void {
    this.#useNoMore()
    this.look()
  }

  /** What is in use counts no more: all is given back, and whoever wants some asks anew. */
  restart(): void {
    this.#used = 0
    this.#turn.restart()
    this.#useNoMore()
    this.look()
  }

  /** Whether there is something to say to the fleet. */
  isDue(workers: number): boolean {
    const { want, keep } = this.#plan(workers)
    const hasUse = this.#used + this.#waiting > 0 // also where it stands back: when that ends, it hears by asking
    const hasNews = keep !== this.#held || (want > this.#held && !this.#isShort)
    return hasNews || ((this.#mustTell || this.#turn.isNews || this.#turn.hasChanged) && (this.#isKnown || hasUse))
  }

  /** What to say to the fleet, if there is anything to say. What it gives back it holds no more from here on. */
  wish(workers: number): SlotWish | undefined {
    if (!this.isDue(workers)) return undefined
    const { want, keep, idle, isSmall } = this.#plan(workers)
    this.#held = keep
    this.#mustTell = false
    const block = want > keep ? want + idle : Math.max(want, keep)
    this.#isKnown ||= block > 0
    this.#said = block
    this.#stoodBack = this.#turn.ahead > 0
    const wish = { name: this.name, cap: this.#cap, keep, want: block }
    if (!isSmall || this.#cap > MOST_TOLD) return wish
    return { ...wish, isNews: this.#turn.isNews, turns: this.#turn.say() }
  }

  /** The answer to what was said. Without one nobody knows whether the fleet has heard of it. */
  granted({ held, excess, needed, share, free, others }: SlotGrant): void {
    this.#isKnown = this.#said > 0
    this.#held = Math.max(held - excess, this.#used)
    this.#excess = excess === 0 ? 0 : this.#held - Math.max(0, held - excess)
    if (this.#held < held) this.#mustTell = true
    this.#needed = needed
    this.#share = share
    this.#turn.heard(others)
    const { ahead, isFirst } = this.#turn
    const beyondShare = isFirst ? 0 : Math.min(needed, this.#held - share)
    this.#owed = Math.max(0, Math.max(ahead, beyondShare) - free)
    this.#isShort = this.#held < this.#used + this.#waiting && (ahead > 0 || !this.#stoodBack)
  }

  #useNoMore(): void {
    this.#owed = 0
    this.#held = this.#used
    this.#excess = this.#used
  }

  /**
   * Idle slots are kept of large limits only, for of those there is always another; what others need goes back at once,
   * and of what is held beyond one's share as much as they need, unless the next call here comes first. While others do, no
   * more is wanted.
   */
  #plan(workers: number): {
    readonly want: number
    readonly keep: number
    readonly idle: number
    readonly isSmall: boolean
  } {
    const isNeeded = this.#needed > 0 && !this.#turn.isFirst
    const fair = isNeeded ? Math.max(this.#share, this.#held - this.#needed) : Number.POSITIVE_INFINITY
    const most = this.#turn.ahead > 0 ? Math.min(fair, this.#held) : fair
    const want = Math.max(this.#used, Math.min(this.#used + this.#waiting, most))
    const small = SMALL * Math.max(1, workers)
    const isSmall = this.#cap <= small
    const idle = isNeeded || isSmall ? 0 : Math.floor(this.#cap / small)
    const keep = Math.max(this.#used, Math.min(this.#held, this.#cap, Math.max(want, this.#used + idle)))
    return { want, keep, idle, isSmall }
  }
}

/** A limit of more than so many slots a worker is large. */
const SMALL = 4
/** Of a larger limit some slot frees up soon anyway, and every worker would hear of every turn. */
const MOST_TOLD = 32
