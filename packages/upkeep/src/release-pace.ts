import { LANE_WEIGHTS, type Lane } from '@magictask/domain'

/** How many of one lane of a queue were released, and when. */
export interface PastRelease {
  readonly lane: Lane
  readonly tasks: number
  readonly atMs: number
}

/** The room of one lane of a queue. */
export interface LaneRoom {
  readonly lane: Lane
  readonly room: number
}

/** As long as a parked task waits. */
const LATELY_MS = 1_000
/** More than started is tried, to find out whether more would start. */
const GROWTH = 1.25
const LEAST_TRIED = 1

/** How far back shares of lanes are looked at: where one task a second starts, the low lane has had one in that time. */
export const PAST_MS = 12_000

/**
 * The rooms of a queue's lanes, at the pace at which its tasks start. Where workers park tasks, because limits or rates hold them
 * back, little more is released than starts: each that is parked for nothing costs a round, and its turn goes to whoever
 * comes next. `past`: the releases of this queue. Nothing changes while nobody parks any.
 */
export function atPace(
  rooms: readonly LaneRoom[],
  { parked, past, nowMs }: { readonly parked: number; readonly past: readonly PastRelease[]; readonly nowMs: number },
): readonly number[] {
  const given = rooms.map(() => 0)
  if (parked === 0) return rooms.map(({ room }) => room)
  const released = tasksIn(past.filter(({ atMs }) => nowMs - atMs < LATELY_MS))
  const started = Math.max(0, released - parked)
  let left = Math.ceil(started * GROWTH) + LEAST_TRIED - released
  for (; left > 0; left--) {
    const at = nextLane(rooms, given, past)
    if (at === undefined) break
    given[at] = (given[at] ?? 0) + 1
  }
  return given
}

/** The lane that has had least for its weight. */
function nextLane(
  rooms: readonly LaneRoom[],
  given: readonly number[],
  past: readonly PastRelease[],
): number | undefined {
  const hadOf = ({ lane }: LaneRoom, at: number) =>
    (tasksIn(past.filter((release) => release.lane === lane)) + (given[at] ?? 0) + 1) / LANE_WEIGHTS[lane]
  const withRoom = [...rooms.entries()].filter(([at, { room }]) => (given[at] ?? 0) < room)
  return withRoom.map(([at, room]) => ({ at, had: hadOf(room, at) })).sort((a, b) => a.had - b.had)[0]?.at
}

function tasksIn(releases: readonly PastRelease[]): number {
  return releases.reduce((sum, { tasks }) => sum + tasks, 0)
}
