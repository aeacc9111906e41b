import { LANE_WEIGHTS, LANES, type Lane } from '@magictask/domain'

/** What a lane has of a worker's places, and whether more of it waits. */
export interface LaneDemand {
  /** Places that its tasks take up now. */
  readonly taken: number
  /** Records of it were refused for want of room a moment ago. */
  readonly wants: boolean
}

/**
 * How many of the `free` places (of `places` in all) a lane may take now. A lane alone may take them all; while others
 * want some, each may fill its weighted share, and of the rest what is missing to the others' shares is kept for them. So
 * `low` never stands still, `high` has most, and no place stays free while anybody wants one.
 */
export function placesFor(
  lane: Lane,
  lanes: Readonly<Record<Lane, LaneDemand>>,
  room: { readonly places: number; readonly free: number },
): number {
  const wanting = LANES.filter((other) => other === lane || lanes[other].wants || lanes[other].taken > 0)
  const weights = wanting.reduce((sum, other) => sum + LANE_WEIGHTS[other], 0)
  const kept = wanting
    .filter((other) => other !== lane && lanes[other].wants)
    .map((other) => Math.max(0, shareOf(other, weights, room.places) - lanes[other].taken))
    .reduce((sum, missing) => sum + missing, 0)
  const own = shareOf(lane, weights, room.places) - lanes[lane].taken
  return Math.max(0, Math.min(room.free, Math.max(own, room.free - kept)))
}

function shareOf(lane: Lane, weights: number, places: number): number {
  return Math.max(1, Math.floor((places * LANE_WEIGHTS[lane]) / weights))
}
