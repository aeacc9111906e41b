import type { WeightOf } from './fair-share.ts'
import { LANE_WEIGHTS, type Lane } from './lane.ts'

/** Something that waits for its turn among others. */
export interface Waiter {
  readonly lane: Lane
  readonly tenant: string
  /** What it is thought to take, in tokens. */
  readonly cost: number
}

/** A waiter that has its place among those of its lane. */
export interface PlacedWaiter extends Waiter {
  readonly place: number
}

/**
 * Says which of those that wait in one process starts first: lanes share by their weights, the tenants of a lane by
 * theirs, in tokens, and a tenant's own start in the order in which they came. Whoever comes new starts beside the
 * others, not behind what they have waiting.
 *
 * Start-time fair queueing, twice: of lanes, and of the tenants of each. A place is the moment at which it would start if all
 * were served at once, each at its share.
 */
export class FairOrder {
  readonly #weightOf: WeightOf
  readonly #lanes: Readonly<Record<Lane, LaneOrder>> = { high: newLane(), normal: newLane(), low: newLane() }
  #now = 0

  constructor(weightOf: WeightOf = () => 1) {
    this.#weightOf = weightOf
  }

  /** Takes in one more. Of each either `started` or `left` is to be told, once. */
  placed<Waiting extends Waiter>(waiter: Waiting): Waiting & PlacedWaiter {
    const ofLane = this.#lanes[waiter.lane]
    const { next, waiting, unused } = ofLane.tenants.get(waiter.tenant) ?? NEW_TENANT
    const place = Math.max(ofLane.now, next)
    ofLane.tenants.set(waiter.tenant, { next: place + this.#lengthOf(waiter), waiting: waiting + 1, unused })
    ofLane.waiting += 1
    return { ...waiter, place }
  }

  /** Below 0 when `a` starts before `b`. Changes between lanes with whatever starts, never within one. */
  compare(a: PlacedWaiter, b: PlacedWaiter): number {
    return a.lane === b.lane ? a.place - b.place : this.#startOf(a.lane) - this.#startOf(b.lane)
  }

  /** To be told of whatever starts. */
  started(waiter: PlacedWaiter): void {
    const { lane, cost, place } = waiter
    const ofLane = this.#lanes[lane]
    this.#now = this.#startOf(lane)
    ofLane.next = this.#now + Math.max(1, cost) / LANE_WEIGHTS[lane]
    this.#withoutOne(waiter, 0)
    if (place <= ofLane.now) return
    ofLane.now = place
    for (const [tenant, { next, waiting }] of ofLane.tenants)
      if (waiting === 0 && next <= place) ofLane.tenants.delete(tenant)
  }

  /** To be told of whatever waits no more and did not start: its tenant took nothing. */
  left(waiter: PlacedWaiter): void {
    this.#withoutOne(waiter, this.#lengthOf(waiter))
  }

  /**
   * What did not start is undone when nothing of its tenant waits any more: before, what comes later would overtake the
   * tenant's own. Where nothing of a lane waits, nobody stands behind for what was taken earlier.
   */
  #withoutOne({ lane, tenant }: PlacedWaiter, length: number): void {
    const ofLane = this.#lanes[lane]
    const { next, waiting, unused } = ofLane.tenants.get(tenant) ?? NEW_TENANT
    const left = { next, waiting: waiting - 1, unused: unused + length }
    const undone = { next: next - left.unused, waiting: 0, unused: 0 }
    ofLane.waiting -= 1
    if (ofLane.waiting === 0) ofLane.tenants.clear()
    else if (left.waiting > 0) ofLane.tenants.set(tenant, left)
    else if (undone.next > ofLane.now) ofLane.tenants.set(tenant, undone)
    else ofLane.tenants.delete(tenant)
  }

  #lengthOf({ cost, tenant }: Waiter): number {
    return Math.max(1, cost) / this.#weightOf(tenant)
  }

  /** A lane that had nothing to start saved up nothing. */
  #startOf(lane: Lane): number {
    return Math.max(this.#now, this.#lanes[lane].next)
  }
}

interface LaneOrder {
  /** When its next one would start. */
  next: number
  /** The place of its last that started. */
  now: number
  waiting: number
  readonly tenants: Map<string, TenantOrder>
}

interface TenantOrder {
  /** The place of one more. */
  readonly next: number
  readonly waiting: number
  /** What those were long that left without having started. */
  readonly unused: number
}

const NEW_TENANT: TenantOrder = { next: 0, waiting: 0, unused: 0 }

function newLane(): LaneOrder {
  return { next: 0, now: 0, waiting: 0, tenants: new Map() }
}
