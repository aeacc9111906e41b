import type { Task } from '@magictask/contracts'
import type { TaskId } from '@magictask/domain'
import type { Claim } from '@magictask/store'

/** Why a running task is stopped from outside its run. */
export type Stop = 'timeout' | 'deadline' | 'lost' | 'shutdown' | 'no-slot'

/** A claim that the database granted, with the task as its record tells it. */
export interface ClaimedTask {
  readonly claim: Extract<Claim, { kind: 'claimed' }>
  readonly task: Task
}

/** A task that runs here. `callStarted` is set once it had a slot. */
export interface RunningTask extends ClaimedTask {
  readonly claimedAtMs: number
  readonly stopping: AbortController
  callStarted: boolean
  /** What its calls in this claim took. */
  tokens: number
  /** Places that it still holds, one for each answer that is missing. */
  places: number
}

/** What this worker runs, by task. */
export type RunningTasks = Map<TaskId, RunningTask>

/** Stops a task for a reason; the first reason stands. Its model call is aborted at once. */
export function stop(running: RunningTask, why: Stop): void {
  running.stopping.abort(why)
}

/** Why a task was stopped, or undefined while it was not. */
export function stopReason(running: RunningTask): Stop | undefined {
  const { signal } = running.stopping
  return signal.aborted && isStop(signal.reason) ? signal.reason : undefined
}

function isStop(reason: unknown): reason is Stop {
  return (
    reason === 'timeout' || reason === 'deadline' || reason === 'lost' || reason === 'shutdown' || reason === 'no-slot'
  )
}
