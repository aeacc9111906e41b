import { type Clock, type Log, type Loop, startLoop } from '@magictask/runtime'
import { type Database, lostTasks } from '@magictask/store'
import { type RunningTask, type RunningTasks, stop } from '../running-tasks.ts'

export interface WatchDeps {
  readonly db: Database
  readonly running: RunningTasks
  readonly taskTimeoutMs: number
  /** Called at every turn: whoever paused for want of room or lease looks again. */
  readonly onTurn: () => void
  readonly clock: Clock
  readonly log: Log
}

const PAUSE_MS = 400
const PARK_AFTER_MS = 1_000

/**
 * Looks at all that runs, twice a second and with one statement for all: stops what was cancelled or taken away, what is
 * past its deadline or its time-out, and what has had no slot for a second, for another worker may have one.
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
      const tasks = [...deps.running.values()]
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
  else if (!running.callStarted && ageMs >= PARK_AFTER_MS) stop(running, 'no-slot')
}
