import {
  isSameShare,
  type NextCall,
  nextIn,
  type Share,
  TURN_MS,
  type Turns,
  turnsBefore,
  type WeightOf,
} from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import { ShareCounts } from './share-counts.ts'

/**
 * Whose turn it is under one of the fleet's limits, as far as this worker knows: its own calls, and what it last heard
 * of the others'.
 */
export class FleetTurn {
  readonly #clock: Pick<Clock, 'elapsedMs'>
  readonly #weightOf: WeightOf | undefined
  readonly #underWay = new ShareCounts()
  #next: Share | undefined
  /** What the others know of this worker. */
  #said: Turns = { underWay: [] }
  /** Undefined until anything was heard. */
  #others: readonly Turns[] | undefined
  /** Who was under way, here or elsewhere, and when that was seen last; as far back as it matters. */
  readonly #seenAtMs = new Map<string, number>()

  constructor(clock: Pick<Clock, 'elapsedMs'>, weightOf?: WeightOf) {
    this.#clock = clock
    this.#weightOf = weightOf
  }

  /** How many calls elsewhere come before the next one here. */
  get ahead(): number {
    return turnsBefore(this.#turns(), this.#othersNow(), this.#weightOf)
  }

  /** Whether others stand back for the next one here. */
  get isFirst(): boolean {
    return this.#standBackFor(this.#nextCall())
  }

  /** Whether the others have to hear who is next: it comes before theirs, or whom they take for it does and is not. */
  get isNews(): boolean {
    const next = this.#nextCall()
    const { next: said } = this.#said
    if (isSameShare(next, said) && next?.withoutMs === said?.withoutMs) return false
    return [next, said].some((each) => this.#standBackFor(each))
  }

  /** Whether others use the limit, and tell of it. */
  get hasOthers(): boolean {
    return this.#others !== undefined && this.#others.length > 0
  }

  /** For how long a share has had none under way, at any worker, in whole turns; 0 where nobody else uses the limit. */
  withoutMs(share: Share): number {
    if (!this.hasOthers || this.#underWay.of(share) > 0) return 0
    const seenAtMs = this.#seenAtMs.get(keyOf(share)) ?? NEVER_MS
    return Math.min(LONGEST_MS, turnsIn(this.#clock.elapsedMs() - seenAtMs) * TURN_MS)
  }

  /** Whether what the others were told last is not so any more. */
  get hasChanged(): boolean {
    const isOver = (share: Share) => this.#underWay.of(share) === 0
    return (
      this.hasOthers && (!isSameShare(nextIn(this.#turns()), nextIn(this.#said)) || this.#said.underWay.some(isOver))
    )
  }

  began(share: Share): void {
    this.#underWay.add(share, 1)
  }

  ended(share: Share): void {
    this.#underWay.add(share, -1)
    this.#seenAtMs.set(keyOf(share), this.#clock.elapsedMs())
  }

  /** What began counts no more. */
  restart(): void {
    this.#underWay.clear()
  }

  expect(next: Share | undefined): void {
    this.#next = next
  }

  /** What the others are told. */
  say(): Turns {
    this.#said = this.#turns()
    return this.#said
  }

  heard(others: readonly Turns[]): void {
    this.#others = others
    const nowMs = this.#clock.elapsedMs()
    for (const share of others.flatMap(({ underWay }) => underWay)) this.#seenAtMs.set(keyOf(share), nowMs)
    for (const [key, seenAtMs] of this.#seenAtMs) if (nowMs - seenAtMs >= LONGEST_MS) this.#seenAtMs.delete(key)
  }

  #standBackFor(next: NextCall | undefined): boolean {
    if (next === undefined) return false
    const mine = { next, underWay: this.#underWay.all() }
    const others = this.#othersNow()
    return others.some((other) => {
      const rest = others.filter((each) => each !== other).map(({ underWay }) => ({ underWay }))
      return turnsBefore(other, [mine, ...rest], this.#weightOf) > 0
    })
  }

  #turns(): Turns {
    const next = this.#nextCall()
    const underWay = this.#underWay.all()
    return next === undefined ? { underWay } : { next, underWay }
  }

  #nextCall(): NextCall | undefined {
    return this.#next && { ...shareOf(this.#next), withoutMs: this.withoutMs(this.#next) }
  }

  /** Who has long been without a call, by what another worker knows, may have had one here. */
  #othersNow(): readonly Turns[] {
    return (this.#others ?? []).map((other) => {
      const { next, underWay } = other
      if (next === undefined) return other
      const withoutMs = Math.min(next.withoutMs ?? 0, this.withoutMs(next))
      return { next: { ...shareOf(next), withoutMs }, underWay }
    })
  }
}

/** More makes no difference: the lightest lane comes before the heaviest after half of it. */
const LONGEST_MS = 16 * TURN_MS
const NEVER_MS = Number.NEGATIVE_INFINITY

const turnsIn = (ms: number) => Math.floor(ms / TURN_MS)
const shareOf = ({ lane, tenant }: Share): Share => ({ lane, tenant })
const keyOf = ({ lane, tenant }: Share) => `${lane} ${tenant}`
