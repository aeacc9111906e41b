import { LANE_WEIGHTS, type Lane, type Queue } from './lane.ts'
import { splitByWeight } from './split-by-weight.ts'

/** What one lane of one queue has and wants of the fleet's window. */
export interface Demand {
  readonly lane: Lane
  readonly queue: Queue
  /** Tasks that are on Kafka, and tasks that could follow them, as far as anybody looked. */
  readonly wants: number
  /** How many of its queue those who may answer can take at once; undefined where nothing limits them. */
  readonly reach?: number
}

/** While a lane of a queue has work, so much of it is on Kafka at least: none stands still, however little room there is. */
const LEAST = 1

/**
 * How much of each demand may be on Kafka at once, in their order: the fleet's window split over the lanes by their
 * weights, over the queues of a lane evenly, and of no queue more than can be answered, so that one whose provider is
 * out or small leaves the window to the others.
 */
export function windowsOf(demands: readonly Demand[], fleetTasks: number): readonly number[] {
  const reachable = inGroups(demands, ({ queue }) => queue, withinReach)
  const ofLanes = splitOverLanes(reachable, fleetTasks)
  const windows = inGroups(
    reachable,
    ({ lane }) => lane,
    (ofLane) => splitByWeight(ofLanes.get(ofLane[0]?.lane) ?? 0, ofLane.map(evenly), LEAST),
  )
  return windows.map(({ wants }) => wants)
}

/** What the lanes want of a queue, as far as it can be answered; one that can only be probed has one task for all its lanes. */
function withinReach(ofQueue: readonly Demand[]): readonly number[] {
  const reach = ofQueue[0]?.reach
  if (reach === undefined) return ofQueue.map(({ wants }) => wants)
  return splitByWeight(reach, ofQueue.map(byLane), reach > 1 ? LEAST : 0)
}

function splitOverLanes(demands: readonly Demand[], total: number): ReadonlyMap<Lane | undefined, number> {
  const lanes = [...Map.groupBy(demands, ({ lane }) => lane)].map(([lane, ofLane]) => ({
    lane,
    weight: LANE_WEIGHTS[lane],
    wants: ofLane.reduce((sum, { wants }) => sum + wants, 0),
  }))
  const parts = splitByWeight(total, lanes, LEAST)
  return new Map(lanes.map(({ lane }, at) => [lane, parts[at] ?? 0]))
}

/** The demands, each wanting only its part of its group's split. */
function inGroups(
  demands: readonly Demand[],
  groupOf: (demand: Demand) => string,
  split: (group: readonly Demand[]) => readonly number[],
): readonly Demand[] {
  const parts = new Map<Demand, number>()
  for (const group of Map.groupBy(demands, groupOf).values()) {
    for (const [at, part] of split(group).entries()) {
      const demand = group[at]
      if (demand !== undefined) parts.set(demand, part)
    }
  }
  return demands.map((demand) => ({ ...demand, wants: parts.get(demand) ?? 0 }))
}

const byLane = ({ lane, wants }: Demand) => ({ weight: LANE_WEIGHTS[lane], wants })
const evenly = ({ wants }: Demand) => ({ weight: 1, wants })
