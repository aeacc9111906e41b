import { LANES } from '@magictask/domain'
import { type Clock, type Log, type Loop, startLoop, type Telemetry } from '@magictask/runtime'
import { countWaitingByLane, type Database, expireTasks, forgetOldKeys, makePartitions } from '@magictask/store'

export interface HousekeepingDeps {
  readonly db: Database
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

const EXPIRY_PAUSE_MS = 500
const TIDY_PAUSE_MS = 60 * 60 * 1_000
const TIDY_LOOK_MS = 30_000

/** Ends waiting tasks whose deadline has passed, and those that nobody could answer for a day. */
export function startExpiry(deps: HousekeepingDeps): Loop {
  return startLoop({
    name: 'expiry',
    clock: deps.clock,
    pauseMs: EXPIRY_PAUSE_MS,
    turn: async () => {
      if ((await expireTasks(deps.db, deps.clock.now())) > 0) return 0
    },
    onError: (error) => deps.log.warn('deadlines could not be looked at', {}, error),
  })
}

/** Makes next week's partitions and forgets old keys once an hour; shows how much waits every half minute. */
export function startHousekeeping(deps: HousekeepingDeps): Loop {
  let tidiedAtMs = Number.NEGATIVE_INFINITY
  return startLoop({
    name: 'housekeeping',
    clock: deps.clock,
    pauseMs: TIDY_LOOK_MS,
    turn: async () => {
      const waiting = new Map((await countWaitingByLane(deps.db)).map((row) => [row.lane, row.waiting]))
      for (const lane of LANES) deps.telemetry.record('llm_queue_length', waiting.get(lane) ?? 0, { lane })
      if (deps.clock.elapsedMs() - tidiedAtMs < TIDY_PAUSE_MS) return
      await makePartitions(deps.db, deps.clock.now())
      await forgetOldKeys(deps.db)
      tidiedAtMs = deps.clock.elapsedMs()
    },
    onError: (error) => deps.log.warn('the hourly upkeep failed and is tried again', {}, error),
  })
}
