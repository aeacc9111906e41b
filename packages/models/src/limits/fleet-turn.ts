import { isSameShare, type Share, type Turns, turnsBefore, type WeightOf } from '@magictask/domain'
import { ShareCounts } from './share-counts.ts'

/**
 * Whose turn it is under one of the fleet's limits, as far as this worker knows: its own calls, and what it last heard
 * of the others'.
 */
export class FleetTurn {
  readonly #weightOf: WeightOf | undefined
  readonly #underWay = new ShareCounts()
  #next: Share | undefined
  /** Whom the others take for the next one here. */
  #said: Share | undefined
  #others: readonly Turns[] = []

  constructor(weightOf?: WeightOf) {
    this.#weightOf = weightOf
  }

  /** How many calls elsewhere come before the next one here. */
  get ahead(): number {
    return turnsBefore(this.#turns(this.#next), this.#others, this.#weightOf)
  }

  /** Whether others stand back for the next one here. */
  get isFirst(): boolean {
    return this.#standBackFor(this.#next)
  }

  /** Whether the others have to hear who is next: it comes before theirs, or whom they take for it does and is not. */
  get isNews(): boolean {
    if (isSameShare(this.#next, this.#said)) return false
    return [this.#next, this.#said].some((next) => this.#standBackFor(next))
  }

  began(share: Share): void {
    this.#underWay.add(share, 1)
  }

  ended(share: Share): void {
    this.#underWay.add(share, -1)
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
    this.#said = this.#next
    return this.#turns(this.#next)
  }

  heard(others: readonly Turns[]): void {
    this.#others = others
  }

  #standBackFor(next: Share | undefined): boolean {
    if (next === undefined) return false
    const mine = this.#turns(next)
    return this.#others.some((other) => {
      const rest = this.#others.filter((each) => each !== other).map(({ underWay }) => ({ underWay }))
      return turnsBefore(other, [mine, ...rest], this.#weightOf) > 0
    })
  }

  #turns(next: Share | undefined): Turns {
    const underWay = this.#underWay.all()
    return next === undefined ? { underWay } : { next: { lane: next.lane, tenant: next.tenant }, underWay }
  }
}
