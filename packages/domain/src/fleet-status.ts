import type { TargetState, TargetStates } from './fleet.ts'
import type { CallQueue, Tier } from './lane.ts'
import { CALL_QUEUES, queueFor } from './lane.ts'
import type { WorkerRoutes } from './queue-reach.ts'

/** What all the living workers do, as of their last beats, and what they share. */
export interface FleetView {
  readonly workers: readonly LivingWorker[]
  /** Slots of each of the fleet's limits that somebody holds or waits for. */
  readonly limits: readonly { readonly name: string; readonly held: number; readonly wanted: number }[]
  readonly targets: TargetStates
}

/** A worker as of its last beat. */
export interface LivingWorker {
  readonly workerId: string
  readonly slots: number
  readonly running: number
  /** Model calls under way, by `<queue>/<provider>`. */
  readonly calls: Readonly<Record<string, number>>
  readonly routes: WorkerRoutes
  readonly version: string
}

/** One model of a provider: whether it is asked, and why not. */
export interface TargetStatus {
  readonly target: string
  readonly provider: string
  readonly model: string
  /** By an admin's word, or by what was seen. */
  readonly state: TargetState['state']
  readonly reason?: string
  readonly isForced: boolean
  /** Until it is tried again, of one that is open. */
  readonly nextLookInMs?: number
  /** What it was seen to take, where it refused more. */
  readonly callsPerSecond?: number
}

/** Everybody who may answer anything, with what is known of them. */
export function targetStatuses({ workers, targets }: FleetView): readonly TargetStatus[] {
  const names = new Set(workers.flatMap(({ routes }) => CALL_QUEUES.flatMap((queue) => namesIn(routes, queue))))
  const states = new Map(targets.targets.map((state) => [state.name, state]))
  return [...names].toSorted().map((name) => statusOf(name, states.get(name), targets.learned.get(`requests:${name}`)))
}

function statusOf(target: string, known: TargetState | undefined, callsPerSecond: number | undefined): TargetStatus {
  const { reason, untilInMs, forced } = known ?? {}
  const state = forced ?? known?.state ?? 'closed'
  return {
    target,
    provider: providerOf(target),
    model: target.slice(providerOf(target).length + 1),
    state,
    isForced: forced !== undefined,
    ...(reason === undefined || state === 'closed' ? {} : { reason }),
    ...(untilInMs === undefined || state !== 'open' ? {} : { nextLookInMs: Math.max(0, untilInMs) }),
    ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
  }
}

/** Calls of one queue at one provider, over the whole fleet. */
export interface PoolStatus {
  readonly queue: CallQueue
  readonly provider: string
  /** Under way, as of the workers' last beats. */
  readonly active: number
  /** At once: the provider's limit for the queue, and never more than the workers have slots. */
  readonly most: number
}

/** The worker pool: for each queue and each provider that may answer it, how many calls are made and may be made at once. */
export function poolStatuses({ workers }: FleetView): readonly PoolStatus[] {
  const slots = workers.reduce((sum, worker) => sum + worker.slots, 0)
  return CALL_QUEUES.flatMap((queue) => {
    const candidates = workers.flatMap(({ routes }) => routes[queue] ?? [])
    const providers = [...new Set(candidates.map(({ target }) => providerOf(target)))]
    return providers.map((provider) => {
      const limits = candidates.flatMap(({ target, most }) =>
        providerOf(target) === provider && most !== null ? [most] : [],
      )
      const active = workers.reduce((sum, { calls }) => sum + (calls[`${queue}/${provider}`] ?? 0), 0)
      return { queue, provider, active, most: Math.min(slots, ...limits) }
    })
  })
}

/** Who would be asked for a task of a tier now: the first of its queue's candidates that is not out; undefined when all are. */
export function answererOf(view: FleetView, tier: Tier): TargetStatus | undefined {
  const queue = queueFor(tier)
  const statuses = new Map(targetStatuses(view).map((status) => [status.target, status]))
  const inOrder = new Set(view.workers.flatMap(({ routes }) => namesIn(routes, queue)))
  return [...inOrder]
    .flatMap((name) => statuses.get(name) ?? [])
    .find(({ state }) => state === 'closed' || state === 'ramping')
}

function namesIn(routes: WorkerRoutes, queue: CallQueue): readonly string[] {
  return (routes[queue] ?? []).map(({ target }) => target)
}

/** A model's name may hold slashes, a provider's does not. */
function providerOf(target: string): string {
  return target.slice(0, target.indexOf('/'))
}
