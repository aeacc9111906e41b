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

/** A task that runs here. */
export interface RunningTask extends ClaimedTask {
  readonly claimedAtMs: number
  readonly stopping: AbortController
  /** Whether a model was asked for one of its answers, in this claim or an earlier one. */
  wasAsked: boolean
  /** Whether it has come so far that an answer waits for a slot, or for another's call, or had one. */
  asksForSlot: boolean
  /** Its calls and look-ups, and calls of others whose answers it will share: while there are any, it does not wait for a slot. */
  underWay: number
  /** Since when nothing of it is under way. */
  idleSinceMs: number
  /** What its calls in this claim took. */
  tokens: number
  /** Places that it still holds, one for each answer that is missing. */
  places: number
}

/** What this worker runs, by task. */
export type RunningTasks = Map<TaskId, RunningTask>

/** Something is under way for a task. */
export function begin(running: RunningTask): void {
  running.underWay += 1
}

/** It is over; a task of which nothing else is under way waits from now on. */
export function finish(running: RunningTask, nowMs: number): void {
  running.underWay -= 1
  if (running.underWay === 0) running.idleSinceMs = nowMs
}

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
