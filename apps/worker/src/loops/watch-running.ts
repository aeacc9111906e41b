import { type Clock, type Log, type Loop, startLoop } from '@magictask/runtime'
import { type Database, lostTasks } from '@magictask/store'
import { type RunningTask, type RunningTasks, stop } from '../running-tasks.ts'

export interface WatchDeps {
  readonly db: Database
  readonly running: RunningTasks
  readonly taskTimeoutMs: number
  /** Whether a task is the next of its kind and waits for the fleet, not for this worker: then no other worker has a slot for it either. */
  readonly isNext: (running: RunningTask) => boolean
  /** Called at every turn: whoever paused for want of room or lease looks again. */
  readonly onTurn: () => void
  readonly clock: Clock
  readonly log: Log
}

const PAUSE_MS = 400
const PARK_AFTER_MS = 1_000
/** Who is next is there at once when a slot of the fleet frees up, or a provider that was away is to be tried. */
const PARK_NEXT_AFTER_MS = 20_000

/**
 * Looks at all that runs, more than twice a second and with one statement for all: stops what was cancelled or taken away, what is
 * past its deadline or its time-out, and what has waited for a slot for a second, before its first call or after any: another
 * worker may have one, and others need the place. Who is next for a slot of the fleet stays, but not for ever.
 */
export function watchRunning(deps: WatchDeps): Loop {
  return startLoop({
    name: 'watch-running',
    clock: deps.clock,
    pauseMs: PAUSE_MS,
    turn: async () => {
      deps.onTurn()
      if (deps.running.size === 0) return
      const nowMs = deps.clock.elapsedMs()
      for (const task of deps.running.values()) stopIfLate(deps, task, nowMs)
      // What came since the last turn is looked at in the next: most of it has ended by then.
      const tasks = [...deps.running.values()].filter(({ claimedAtMs }) => nowMs - claimedAtMs >= PAUSE_MS)
      if (tasks.length === 0) return
      const lost = await lostTasks(
        deps.db,
        tasks.map(({ task, claim }) => ({ taskId: task.task_id, fence: claim.fence })),
      )
      for (const running of tasks) if (lost.has(running.task.task_id)) stop(running, 'lost')
    },
    onError: (error) => deps.log.warn('cancellations could not be looked at', {}, error),
  })
}

function stopIfLate(deps: WatchDeps, running: RunningTask, nowMs: number): void {
  const { deadlineInMs } = running.claim
  const ageMs = nowMs - running.claimedAtMs
  if (deadlineInMs !== undefined && ageMs >= deadlineInMs) stop(running, 'deadline')
  else if (ageMs >= deps.taskTimeoutMs) stop(running, 'timeout')
  else if (running.underWay === 0 && nowMs - running.idleSinceMs >= PARK_AFTER_MS && !mayStay(deps, running, ageMs))
    stop(running, 'no-slot')
}

/** Whoever was asked already is claimed whether or not anybody who is left is ready: places are not kept for any number of those. */
function mayStay(deps: WatchDeps, running: RunningTask, ageMs: number): boolean {
  if (running.wasAsked) return false
  return ageMs < Math.min(PARK_NEXT_AFTER_MS, deps.taskTimeoutMs / 2) && deps.isNext(running)
}
