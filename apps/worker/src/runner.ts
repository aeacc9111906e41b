import { ALL_SUGGESTIONS } from '@magictask/domain'
import type { Clock, Log, Telemetry } from '@magictask/runtime'
import type { Outcome, Settled } from '@magictask/store'
import { type ExecuteDeps, execute } from './execute.ts'
import { chargeFor } from './fair-charges.ts'
import type { Ledger } from './ledger.ts'
import type { Places } from './places.ts'
import type { ClaimedTask, RunningTask, RunningTasks } from './running-tasks.ts'
import type { SettleRate } from './settle-rate.ts'
import type { Suspects } from './suspects.ts'

export interface RunnerDeps {
  readonly execute: Omit<ExecuteDeps, 'onAsked'>
  readonly running: RunningTasks
  readonly places: Places
  readonly suspects: Suspects
  readonly rate: SettleRate
  readonly ledger: Ledger
  /** There is room again, or the next suspect may be claimed. */
  readonly onRoom: () => void
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

/** Runs claimed tasks side by side, each from its claim to its settlement. */
export interface Runner {
  /** The task has one place of its lane already. Returns at once and never throws. */
  start(claimed: ClaimedTask): void
  /** Resolves when nothing that was started runs any more. */
  idle(): Promise<void>
}

export function createRunner(deps: RunnerDeps): Runner {
  const inHand = new Set<Promise<void>>()
  const onAsked = (running: RunningTask) => {
    freePlaces(deps, running, 1)
    deps.onRoom()
  }
  return {
    start(claimed) {
      const running = begin(deps, claimed)
      const run = seeThrough(deps, running, onAsked)
        .catch((error: unknown) => deps.log.error('a task ended in a way it should not', factsOf(running), error))
        .finally(() => inHand.delete(run))
      inHand.add(run)
    },
    async idle() {
      while (inHand.size > 0) await Promise.all(inHand)
    },
  }
}

function begin(deps: RunnerDeps, claimed: ClaimedTask): RunningTask {
  const { claim, task } = claimed
  const places = Math.max(1, task.num_suggestions - claim.answers.size)
  deps.places.add(task.lane, places - 1)
  if (claim.suspect) deps.suspects.started(task.task_id)
  const nowMs = deps.clock.elapsedMs()
  const running: RunningTask = {
    ...claimed,
    claimedAtMs: nowMs,
    stopping: new AbortController(),
    wasAsked: claim.calls.some(({ suggestion }) => suggestion !== ALL_SUGGESTIONS),
    asksForSlot: false,
    underWay: 0,
    idleSinceMs: nowMs,
    tokens: 0,
    places,
  }
  deps.running.set(task.task_id, running)
  deps.telemetry.record('llm_active_tasks', deps.running.size, {})
  return running
}

/** A slot is free as soon as its call is over; the task itself is known as running until the database has its outcome. */
async function seeThrough(deps: RunnerDeps, running: RunningTask, onAsked: ExecuteDeps['onAsked']): Promise<void> {
  const { task } = running
  try {
    const outcome = await execute({ ...deps.execute, onAsked }, running)
    freePlaces(deps, running, running.places)
    deps.ledger.charge(chargeFor(running))
    if (outcome === undefined) return
    const settled = await deps.ledger.settle(outcome)
    report(deps, running, outcome, settled)
  } finally {
    freePlaces(deps, running, running.places)
    // The same task may run here again by now, under a later fence: that entry is another's.
    if (deps.running.get(task.task_id) === running) deps.running.delete(task.task_id)
    deps.telemetry.record('llm_active_tasks', deps.running.size, {})
    deps.suspects.ended(task.task_id)
    deps.onRoom()
  }
}

function freePlaces(deps: RunnerDeps, running: RunningTask, places: number): void {
  const freed = Math.min(places, running.places)
  running.places -= freed
  deps.places.giveBack(running.task.lane, freed)
}

function report(deps: RunnerDeps, running: RunningTask, outcome: Outcome, settled: Settled): void {
  const nowMs = deps.clock.elapsedMs()
  deps.rate.add(nowMs)
  const durationMs = Math.round(nowMs - running.claimedAtMs)
  const facts = { ...factsOf(running), status: outcome.state, settled, duration_ms: durationMs }
  if (settled === 'refused') {
    deps.log.warn('a late outcome was refused', facts)
    return
  }
  if (outcome.state === 'queued') {
    deps.log.info('a task waits again', { ...facts, wait_ms: outcome.waitMs })
    return
  }
  const { magicType } = running.task
  deps.telemetry.record('llm_requests_total', 1, { magic_type: magicType, status: outcome.state })
  deps.telemetry.record('llm_request_duration_seconds', durationMs / 1_000, { magic_type: magicType })
  deps.log.info('a task ended', facts)
}

function factsOf({ task, claim }: RunningTask) {
  const { task_id, magicType, tenant, lane } = task
  return { task: task_id, magic_type: magicType, tenant, lane, fence: claim.fence }
}
