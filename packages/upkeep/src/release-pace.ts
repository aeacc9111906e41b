import { LANE_WEIGHTS, type Lane } from '@magictask/domain'

/** How many of one lane of a queue were released, and when. */
export interface PastRelease {
  readonly lane: Lane
  readonly tasks: number
  readonly atMs: number
}

/** What the releaser remembers of a queue, whatever the lane. */
export interface Pace {
  /** The last releases, as far back as lanes are compared. */
  readonly past: readonly PastRelease[]
  /** What was released and not parked, over the last few seconds; as of `atMs`. */
  readonly startedPerSecond: number
  readonly atMs: number
  /** Up to then all that the pace allows has been released. */
  readonly spentUntilMs: number
  /** When any were seen parked last. */
  readonly parkedAtMs: number
}

const NEVER_MS = Number.NEGATIVE_INFINITY

/** Before the first release. */
export const NO_PACE: Pace = {
  past: [],
  startedPerSecond: 0,
  atMs: NEVER_MS,
  spentUntilMs: NEVER_MS,
  parkedAtMs: NEVER_MS,
}

/** What is seen of a queue now. */
interface Seen {
  /** Its tasks that workers parked within the last second. */
  readonly parked: number
  readonly nowMs: number
}

/** The room of one lane of a queue. */
export interface LaneRoom {
  readonly lane: Lane
  readonly room: number
}

/** Whoever parks none for so long has room for all. A look that sees none parked may lie between two of them. */
const CALM_MS = 2_500
/** More than started is tried, to find out whether more would start. */
const GROWTH = 1.25
const LEAST_TRIED_PER_S = 1
/** What was not released in time is made up for by no more than so much at once. */
const MADE_UP_MS = 1_000
/** What lies so far back counts for a third: workers take by fits and starts. */
const MEMORY_MS = 2_000
/** A task that is parked is seen as such so long after its release, and for so long: the second that it waits, and what lies between two looks. */
const PARKED_AFTER_MS = 100
const PARKED_FOR_MS = 1_100
/** How far back shares of lanes are looked at: where one task a second starts, the low lane has had one in that time. */
const PAST_MS = 12_000
const SECOND_MS = 1_000

/**
 * The rooms of a queue's lanes, at the pace at which its tasks start. Where workers park tasks, because limits or rates hold them
 * back, little more is released than starts: each that is parked for nothing costs a round, and its turn goes to whoever
 * comes next. Nothing changes where nobody parks any.
 */
export function atPace(rooms: readonly LaneRoom[], pace: Pace, seen: Seen): readonly number[] {
  const { nowMs } = seen
  const given = rooms.map(() => 0)
  if (isCalm(pace, seen)) return rooms.map(({ room }) => room)
  let left = Math.floor((nowMs - spentBefore(pace, nowMs)) / msBetween(pace))
  for (; left > 0; left--) {
    const at = nextLane(rooms, given, pace.past)
    if (at === undefined) break
    given[at] = (given[at] ?? 0) + 1
  }
  return given
}

/** The pace after a turn, whether it released anything or not. */
export function nextPace(pace: Pace, released: readonly PastRelease[], seen: Seen): Pace {
  const { parked, nowMs } = seen
  const kept = Math.exp((pace.atMs - nowMs) / MEMORY_MS)
  const ageMs = ({ atMs }: PastRelease) => nowMs - atMs
  const mayBeParked = pace.past.filter((release) => wasDecided(ageMs(release)))
  const seenPerSecond = ((tasksIn(mayBeParked) - parked) * SECOND_MS) / PARKED_FOR_MS
  return {
    past: [...pace.past.filter((release) => ageMs(release) < PAST_MS), ...released],
    startedPerSecond: Math.max(0, pace.startedPerSecond * kept + seenPerSecond * (1 - kept)),
    atMs: nowMs,
    spentUntilMs: isCalm(pace, seen) ? nowMs : spentBefore(pace, nowMs) + tasksIn(released) * msBetween(pace),
    parkedAtMs: parked === 0 ? pace.parkedAtMs : nowMs,
  }
}

function isCalm({ parkedAtMs }: Pace, { parked, nowMs }: Seen): boolean {
  return parked === 0 && nowMs - parkedAtMs >= CALM_MS
}

function spentBefore({ spentUntilMs }: Pace, nowMs: number): number {
  return Math.max(spentUntilMs, nowMs - MADE_UP_MS)
}

/** From one release to the next, at this pace. */
function msBetween({ startedPerSecond }: Pace): number {
  return SECOND_MS / (startedPerSecond * GROWTH + LEAST_TRIED_PER_S)
}

/** Whether what was released then would be seen now if it was parked. */
function wasDecided(ageMs: number): boolean {
  return ageMs >= PARKED_AFTER_MS && ageMs < PARKED_AFTER_MS + PARKED_FOR_MS
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
