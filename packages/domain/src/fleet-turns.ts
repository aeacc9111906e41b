import type { WeightOf } from './fair-share.ts'
import { LANE_WEIGHTS, type Lane } from './lane.ts'

/** A tenant in a lane: whoever shares a limit with others. */
export interface Share {
  readonly lane: Lane
  readonly tenant: string
}

/** What a worker has to say of its calls under one of the fleet's limits, so that others see whose turn it is. */
export interface Turns {
  /** Whose call starts here next, as soon as there is a slot for it. */
  readonly next?: Share
  /** How many are under way here; no share twice. */
  readonly underWay: readonly (Share & { readonly calls: number })[]
}

/**
 * How many of the calls that are next elsewhere come before the one that is next here, when a call ends: those of a lane,
 * or within the same lane of a tenant, that would have fewer under way in the whole fleet for their weight even with one
 * more. Of those that have the same, nobody comes before the other: a slot that changes hands stands idle on its way.
 */
export function turnsBefore(own: Turns, others: readonly Turns[], weightOf: WeightOf = () => 1): number {
  const { next } = own
  if (next === undefined) return 0
  const all = [own, ...others].flatMap(({ underWay }) => underWay)
  const callsOf = (is: (share: Share) => boolean) => all.reduce((sum, share) => sum + (is(share) ? share.calls : 0), 0)
  const isBefore = (share: Share) => {
    const [load, weight] =
      share.lane === next.lane
        ? [({ tenant }: Share) => callsOf((each) => each.lane === next.lane && each.tenant === tenant), tenantWeight]
        : [({ lane }: Share) => callsOf((each) => each.lane === lane), laneWeight]
    return (load(share) + 1) / weight(share) < load(next) / weight(next)
  }
  const tenantWeight = ({ tenant }: Share) => weightOf(tenant)
  const laneWeight = ({ lane }: Share) => LANE_WEIGHTS[lane]
  return others.filter((other) => other.next !== undefined && isBefore(other.next)).length
}

/** Whether both are the same, or both nobody. */
export function isSameShare(one: Share | undefined, other: Share | undefined): boolean {
  return one?.lane === other?.lane && one?.tenant === other?.tenant
}
