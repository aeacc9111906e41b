import type { CallQueue, Queue } from './lane.ts'

/** Who may answer each queue at a worker, and how many calls at once they take in the whole fleet (null: no limit). Empty: anybody. */
export type WorkerRoutes = Readonly<
  Partial<Record<CallQueue, readonly { readonly target: string; readonly most: number | null }[]>>
>

/** A target that may not be asked as if nothing was wrong with it. */
export interface HeldTarget {
  readonly name: string
  readonly state: 'open' | 'probing' | 'ramping'
  /** Calls at once that it may be asked while it comes back. */
  readonly most: number | null
}

/** What a queue can be answered with now. */
export interface QueueReach {
  /** Calls at once; undefined where nothing limits them. */
  readonly most?: number
  /** Whether anybody may be asked; a probe of one that is out does not count. */
  readonly isReady: boolean
}

/**
 * How much of a queue those who may answer can take at once: nothing where nobody may answer, 1 while all who may are out,
 * for something has to find out whether they are back. While no worker lives, nobody knows of a limit.
 */
export function reachOf(queue: Queue, routes: readonly WorkerRoutes[], heldTargets: readonly HeldTarget[]): QueueReach {
  if (routes.length === 0 || routes.some((ofWorker) => Object.keys(ofWorker).length === 0)) return { isReady: true }
  const held = new Map(heldTargets.map((target) => [target.name, target]))
  const takes = [...mostByTarget(queue, routes)].map(([name, most]) => takenBy(held.get(name), most))
  const isReady = takes.some((taken) => taken.isReady)
  const most = takes.reduce((sum, taken) => sum + taken.most, 0)
  if (most === Number.POSITIVE_INFINITY) return { isReady }
  return { isReady, most: takes.length === 0 ? 0 : Math.max(1, most) }
}

/** The largest that any worker says of each target: while a limit is being changed, workers differ. */
function mostByTarget(queue: Queue, routes: readonly WorkerRoutes[]): ReadonlyMap<string, number> {
  const most = new Map<string, number>()
  for (const candidate of routes.flatMap((ofWorker) => ofWorker[queue] ?? [])) {
    most.set(candidate.target, Math.max(most.get(candidate.target) ?? 0, candidate.most ?? Number.POSITIVE_INFINITY))
  }
  return most
}

function takenBy(held: HeldTarget | undefined, most: number): { readonly most: number; readonly isReady: boolean } {
  if (held === undefined) return { most, isReady: true }
  if (held.state === 'open') return { most: 0, isReady: false }
  return { most: Math.min(most, held.most ?? most), isReady: held.state === 'ramping' }
}
