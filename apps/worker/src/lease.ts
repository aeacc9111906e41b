import type { TaskId, WorkerId } from '@magictask/domain'
import { type Clock, type Log, type Loop, newWorkerId, startLoop } from '@magictask/runtime'
import {
  type Database,
  type Held,
  type QueueRoutes,
  registerWorker,
  removeWorker,
  renewLease,
  unknownTasks,
  type WorkerLoad,
} from '@magictask/store'

export interface LeaseDeps {
  /** A connection of its own, with a time-out of two seconds: nothing that loads the pool delays the beat. */
  readonly db: Database
  readonly leaseMs: number
  readonly slots: number
  /** Who may answer what here. */
  readonly routes: QueueRoutes
  readonly version: string
  readonly load: () => WorkerLoad
  /** The tasks that this worker knows to be its own. */
  readonly known: () => readonly TaskId[]
  /** Claims that are this worker's by their rows, and of which it knows nothing: to be given back. */
  readonly onUnknown: (held: readonly Held[]) => void
  readonly clock: Clock
  readonly log: Log
}

/** A worker's word that it lives. Disposing it takes the row away: do so when nothing runs any more. */
export interface Lease extends AsyncDisposable {
  /** Changes when the row was found gone: the worker then goes on under a fresh id. */
  id(): WorkerId
  /** Whether it may claim and call now. False when it could not renew for the lease less three seconds. */
  holds(): boolean
  readonly loop: Loop
}

const MARGIN_MS = 3_000
const BEATS_PER_LEASE = 4
const CLAIM_TAKES_AT_MOST_MS = 10_000

/** Registers the worker and beats four times a lease. Throws when the first registration fails. */
export async function takeLease(deps: LeaseDeps): Promise<Lease> {
  const { db, clock, slots, routes, version } = deps
  let id = newWorkerId()
  let renewedAtMs = clock.elapsedMs()
  await registerWorker(db, { workerId: id, slots, routes, version })

  async function beat(): Promise<void> {
    const askedAtMs = clock.elapsedMs()
    if (!(await renewLease(db, id, deps.load()))) {
      deps.log.warn('this worker was taken for dead and goes on under a fresh id', { worker: id })
      id = newWorkerId()
      await registerWorker(db, { workerId: id, slots, routes, version })
    }
    renewedAtMs = askedAtMs
    const unknown = await unknownTasks(db, { workerId: id, known: deps.known(), olderThanMs: CLAIM_TAKES_AT_MOST_MS })
    if (unknown.length > 0) deps.onUnknown(unknown)
  }

  const loop = startLoop({
    name: 'lease',
    clock,
    pauseMs: deps.leaseMs / BEATS_PER_LEASE,
    turn: beat,
    onError: (error) => deps.log.warn('the lease could not be renewed', { worker: id }, error),
  })
  return {
    id: () => id,
    holds: () => clock.elapsedMs() - renewedAtMs < deps.leaseMs - Math.min(MARGIN_MS, deps.leaseMs / 3),
    loop,
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]()
      await removeWorker(db, id).catch((error: unknown) =>
        deps.log.warn('the lease could not be taken away', { worker: id }, error),
      )
    },
  }
}
