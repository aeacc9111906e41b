import { LANES } from '@magictask/domain'
import { type Clock, type Log, type Loop, startLoop, type Telemetry } from '@magictask/runtime'
import {
  countWaitingByLane,
  type Database,
  expireTasks,
  forgetOldKeys,
  forgetTargets,
  makePartitions,
} from '@magictask/store'

export interface HousekeepingDeps {
  readonly db: Database
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

const EXPIRY_PAUSE_MS = 500
const TIDY_PAUSE_MS = 60 * 60 * 1_000
const TIDY_LOOK_MS = 30_000
/** Counting takes the longer the more wait: it takes this share of the time at most. */
const COUNTING_SHARE = 0.001

/** Ends waiting tasks whose deadline has passed, and those that nobody could answer for a day. */
export function startExpiry(deps: HousekeepingDeps): Loop {
  return startLoop({
    name: 'expiry',
    clock: deps.clock,
    pauseMs: EXPIRY_PAUSE_MS,
    turn: async () => {
      if ((await expireTasks(deps.db)) > 0) return 0
    },
    onError: (error) => deps.log.warn('deadlines could not be looked at', {}, error),
  })
}

/** Makes next week's partitions and forgets old keys, and models that nobody may ask any more, once an hour; shows how much waits every half minute, more seldom where counting takes long. */
export function startHousekeeping(deps: HousekeepingDeps): Loop {
  const { clock } = deps
  let tidiedAtMs = Number.NEGATIVE_INFINITY
  let countAtMs = Number.NEGATIVE_INFINITY
  return startLoop({
    name: 'housekeeping',
    clock,
    pauseMs: TIDY_LOOK_MS,
    turn: async () => {
      const startedMs = clock.elapsedMs()
      if (startedMs >= countAtMs) {
        await showWaiting(deps)
        countAtMs = startedMs + (clock.elapsedMs() - startedMs) / COUNTING_SHARE
      }
      if (startedMs - tidiedAtMs < TIDY_PAUSE_MS) return
      await makePartitions(deps.db, clock.now())
      await forgetOldKeys(deps.db)
      await forgetTargets(deps.db)
      tidiedAtMs = startedMs
    },
    onError: (error) => deps.log.warn('the hourly upkeep failed and is tried again', {}, error),
  })
}

async function showWaiting({ db, telemetry }: HousekeepingDeps): Promise<void> {
  const waiting = new Map((await countWaitingByLane(db)).map((row) => [row.lane, row.waiting]))
  for (const lane of LANES) telemetry.record('llm_queue_length', waiting.get(lane) ?? 0, { lane })
}
