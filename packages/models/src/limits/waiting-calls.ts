import {
  type CallQueue,
  type FairOrder,
  isOverdue,
  LANES,
  type Lane,
  type NextCall,
  type PlacedWaiter,
  type Share,
  type WeightOf,
} from '@magictask/domain'
import type { Admitted, CallWish } from '../admission.ts'
import { type CallKind, withoutMs } from './call-kinds.ts'
import { ShareCounts } from './share-counts.ts'

/** A call that waits for somebody who can take it. */
export interface WaitingCall extends PlacedWaiter {
  readonly wish: CallWish
  readonly kind: CallKind
  /** Aborts when the call is wanted no more. */
  readonly signal: AbortSignal
  readonly admit: (admitted: Admitted) => void
}

/** Those of a kind, by lane, in the order in which they are to start. */
type OfKind = Readonly<Record<Lane, WaitingCall[]>>

/**
 * The calls that wait, by fair shares of lanes and tenants. They hold nothing. A call that starts at once never comes here and
 * counts for nothing: it took what nobody waited for.
 */
export class WaitingCalls {
  readonly #order: FairOrder
  readonly #kinds = new Map<CallKind, OfKind>()
  readonly #underWay = new ShareCounts()
  readonly #weightOf: WeightOf | undefined
  #size = 0

  constructor(order: FairOrder, weightOf?: WeightOf) {
    this.#order = order
    this.#weightOf = weightOf
  }

  get size(): number {
    return this.#size
  }

  /** The kinds of which calls wait, each with the one that starts first and how many there are. */
  *kinds(): Generator<{ readonly first: WaitingCall; readonly count: number }> {
    for (const [kind, calls] of this.#kinds) {
      const first = this.#firstOf(kind, calls)
      if (first !== undefined) yield { first, count: countIn(calls) }
    }
  }

  /** How many calls of a queue wait. */
  countOf(queue: CallQueue): number {
    let count = 0
    for (const [{ route }, calls] of this.#kinds) if (route.queue === queue) count += countIn(calls)
    return count
  }

  /** Whether the call that this signal would stop is among the first so many of its kind and lane. */
  isAmongFirst(signal: AbortSignal, count: number): boolean {
    for (const calls of this.#kinds.values()) {
      for (const lane of LANES) if (calls[lane].slice(0, count).some((call) => call.signal === signal)) return true
    }
    return false
  }

  has(kind: CallKind): boolean {
    return this.#kinds.has(kind)
  }

  isBefore(call: WaitingCall, other: WaitingCall): boolean {
    return this.#compare(call, other) < 0
  }

  /** A call has begun, whether it waited or not. */
  began(share: Share): void {
    this.#underWay.add(share, 1)
  }

  /** It is over. */
  ended(share: Share): void {
    this.#underWay.add(share, -1)
  }

  add({ wish, ...call }: Omit<WaitingCall, keyof PlacedWaiter>): WaitingCall {
    const { lane, tenant, needs } = wish
    const waiting = this.#order.placed({ ...call, wish, lane, tenant, cost: needs.contextTokens })
    const calls = this.#kinds.get(waiting.kind) ?? { high: [], normal: [], low: [] }
    this.#kinds.set(waiting.kind, calls)
    const behind = calls[lane].findLastIndex((other) => this.#compare(other, waiting) <= 0)
    calls[lane].splice(behind + 1, 0, waiting)
    this.#size += 1
    return waiting
  }

  /** It starts. */
  start(call: WaitingCall): void {
    if (this.#take(call)) this.#order.started(call)
  }

  /** It waits no more. */
  remove(call: WaitingCall): void {
    if (this.#take(call)) this.#order.left(call)
  }

  /** False when it did not wait any more. */
  #take(call: WaitingCall): boolean {
    const calls = this.#kinds.get(call.kind)
    const at = calls?.[call.lane].indexOf(call) ?? -1
    if (calls === undefined || at === -1) return false
    calls[call.lane].splice(at, 1)
    this.#size -= 1
    if (countIn(calls) === 0) this.#kinds.delete(call.kind)
    return true
  }

  /** Of two in the same place, whose has none under way comes before whose has. */
  #compare(call: WaitingCall, other: WaitingCall): number {
    const isBusy = ({ wish }: WaitingCall) => Math.min(1, this.#underWay.of(wish))
    return this.#order.compare(call, other) || isBusy(call) - isBusy(other)
  }

  /**
   * By the order here, unless somebody is overdue in the whole fleet: what is in order among the few calls that a small limit
   * leaves to this worker may not be among all of them.
   */
  #firstOf(kind: CallKind, calls: OfKind): WaitingCall | undefined {
    const first = this.#firstInOrder(calls)
    const firstMs = first && withoutMs(kind, first.wish)
    if (first === undefined || firstMs === undefined) return first
    let most = { call: first, withoutMs: firstMs }
    for (const call of LANES.flatMap((lane) => calls[lane])) {
      const other = { call, withoutMs: withoutMs(kind, call.wish) ?? 0 }
      if (isOverdue(nextOf(other), nextOf(most), this.#weightOf)) most = other
    }
    return most.call
  }

  #firstInOrder(calls: OfKind): WaitingCall | undefined {
    let first: WaitingCall | undefined
    for (const lane of LANES) {
      const [ofLane] = calls[lane]
      if (ofLane !== undefined && (first === undefined || this.isBefore(ofLane, first))) first = ofLane
    }
    return first
  }
}

function nextOf({ call, withoutMs }: { readonly call: WaitingCall; readonly withoutMs: number }): NextCall {
  return { lane: call.lane, tenant: call.tenant, withoutMs }
}

function countIn(calls: OfKind): number {
  return LANES.reduce((sum, lane) => sum + calls[lane].length, 0)
}
