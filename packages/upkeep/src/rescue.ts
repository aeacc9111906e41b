import { type Clock, type Log, type Loop, startLoop, type Telemetry } from '@magictask/runtime'
import { type Database, forgetWishes, readBeats, rescueTasks } from '@magictask/store'
import { BeatWatch } from './watch-beats.ts'

export interface RescueDeps {
  readonly db: Database
  /** How long a silent worker keeps its tasks. */
  readonly leaseMs: number
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

const PAUSE_MS = 1_000
/** A claim that was under way while its worker was taken for dead is found by this; there is hardly ever one. */
const LOOK_FOR_ORPHANS_MS = 5_000

/** Takes the tasks of dead workers back to wait. It depends on nothing that load can starve, and every process runs it. */
export function startRescue(deps: RescueDeps): Loop {
  const watch = new BeatWatch(deps.leaseMs)
  let lookedAtMs = Number.NEGATIVE_INFINITY
  return startLoop({
    name: 'rescue',
    clock: deps.clock,
    pauseMs: PAUSE_MS,
    turn: async () => {
      const nowMs = deps.clock.elapsedMs()
      const { dead, late } = watch.look(await readBeats(deps.db), nowMs)
      await forgetWishes(
        deps.db,
        late.map((worker) => worker.workerId),
      )
      if (dead.length === 0 && nowMs - lookedAtMs < LOOK_FOR_ORPHANS_MS) return
      const { queued, poisoned } = await rescueTasks(deps.db, dead)
      for (const worker of dead) deps.log.warn('a worker is taken for dead', { worker: worker.workerId })
      const rescued = queued.length + poisoned.length
      if (rescued === 0) {
        lookedAtMs = nowMs // where there were any there may be more than are taken at once
        return
      }
      deps.telemetry.record('magictask_tasks_rescued_total', rescued, {})
      deps.log.warn('tasks of dead workers wait again', { queued: queued.length, poisoned: poisoned.length })
      for (const task of poisoned)
        deps.log.error('a task has outlived too many workers', { task, fault: 'task.poison' })
    },
    onError: (error) => deps.log.warn('the rescue could not look', {}, error),
  })
}
