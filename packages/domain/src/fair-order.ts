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

  /** Takes in one more. */
  placed<Waiting extends Waiter>(waiter: Waiting): Waiting & PlacedWaiter {
    const { nexts, now } = this.#lanes[waiter.lane]
    const place = Math.max(now, nexts.get(waiter.tenant) ?? 0)
    nexts.set(waiter.tenant, place + Math.max(1, waiter.cost) / this.#weightOf(waiter.tenant))
    return { ...waiter, place }
  }

  /** Below 0 when `a` starts before `b`. Changes between lanes with whatever starts, never within one. */
  compare(a: PlacedWaiter, b: PlacedWaiter): number {
    return a.lane === b.lane ? a.place - b.place : this.#startOf(a.lane) - this.#startOf(b.lane)
  }

  /** To be told of whatever starts. */
  started({ lane, cost, place }: PlacedWaiter): void {
    const ofLane = this.#lanes[lane]
    this.#now = this.#startOf(lane)
    ofLane.next = this.#now + Math.max(1, cost) / LANE_WEIGHTS[lane]
    if (place <= ofLane.now) return
    ofLane.now = place
    for (const [tenant, next] of ofLane.nexts) if (next <= place) ofLane.nexts.delete(tenant)
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
  /** By tenant, the place of one more. */
  readonly nexts: Map<string, number>
}

function newLane(): LaneOrder {
  return { next: 0, now: 0, nexts: new Map() }
}
