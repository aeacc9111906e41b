import type { WeightOf } from './fair-share.ts'
import { LANE_WEIGHTS, type Lane } from './lane.ts'

/** A tenant in a lane: whoever shares a limit with others. */
export interface Share {
  readonly lane: Lane
  readonly tenant: string
}

/** Whose call starts next at a worker, as soon as there is a slot for it. */
export interface NextCall extends Share {
  /** For how long none of its share has been under way, at any worker that this one knows of, in whole turns; 0 when left out. */
  readonly withoutMs?: number
}

/** What a worker has to say of its calls under one of the fleet's limits, so that others see whose turn it is. */
export interface Turns {
  readonly next?: NextCall
  /** How many are under way here; no share twice. */
  readonly underWay: readonly (Share & { readonly calls: number })[]
}

/**
 * How many of the calls that are next elsewhere come before the one that is next here, when a call ends: those of a lane,
 * or within the same lane of a tenant, that would have fewer under way in the whole fleet for their weight even with one
 * more. Of those that have the same, nobody comes before the other, for a slot that changes hands stands idle on its way;
 * unless one is overdue: else a limit of fewer slots than workers would stay where it is.
 */
export function turnsBefore(own: Turns, others: readonly Turns[], weightOf: WeightOf = () => 1): number {
  const next = nextIn(own)
  if (next === undefined) return 0
  const all = [own, ...others].flatMap(({ underWay }) => underWay)
  const callsOf = (is: (share: Share) => boolean) => all.reduce((sum, share) => sum + (is(share) ? share.calls : 0), 0)
  const isBefore = (share: NextCall) => {
    if (isOverdue(share, next, weightOf) && callsOf((each) => isSameShare(each, share)) === 0) return true
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

/** A slot that changes hands stands idle for a tenth of it. */
export const TURN_MS = 500

/** Whether one has been without a call for a turn longer than another, for their weights: then it comes before it. */
export function isOverdue(one: NextCall, other: NextCall, weightOf: WeightOf = () => 1): boolean {
  const weightIn = ({ lane, tenant }: Share) => (one.lane === other.lane ? weightOf(tenant) : LANE_WEIGHTS[lane])
  const { withoutMs = 0 } = one
  return withoutMs * weightIn(one) >= ((other.withoutMs ?? 0) + TURN_MS) * weightIn(other)
}

/** Whose call is next at a worker; where none waits, another one of whoever has most under way is taken for it. */
export function nextIn({ next, underWay }: Turns): NextCall | undefined {
  return next ?? underWay.toSorted((a, b) => b.calls - a.calls)[0]
}

/** Whether both are the same, or both nobody. */
export function isSameShare(one: Share | undefined, other: Share | undefined): boolean {
  return one?.lane === other?.lane && one?.tenant === other?.tenant
}
