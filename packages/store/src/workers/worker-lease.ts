import type { WorkerId } from '@magictask/domain'
import type { Database, Queries } from '../database.ts'
import { freeSlots } from '../limits/free-slots.ts'

/** What a worker says of itself with every beat. */
export interface WorkerLoad {
  readonly running: number
  readonly settledPerSecond: number
  /** Model calls under way, by `<queue>/<provider>`. */
  readonly calls?: Readonly<Record<string, number>>
}

/** Who may answer the tasks of each queue, and how many of them at once; `most` is null where nothing limits them. */
export type QueueRoutes = Readonly<Record<string, readonly { readonly target: string; readonly most: number | null }[]>>

/** A worker as it takes up its lease. Without routes anybody may answer anything there. */
export interface NewWorker {
  readonly workerId: WorkerId
  readonly slots: number
  readonly routes?: QueueRoutes
  readonly version: string
}

/** Takes up a lease under a fresh id. */
export async function registerWorker(db: Queries, worker: NewWorker): Promise<void> {
  const { workerId, slots, routes = {}, version } = worker
  await db.query('insert into workers (worker_id, slots, routes, version) values ($1, $2, $3, $4)', [
    workerId,
    slots,
    JSON.stringify(routes),
    version,
  ])
}

/** Raises the beat. False when the row is gone: this worker was taken for dead, and its tasks are others' now. */
export async function renewLease(db: Queries, workerId: WorkerId, load: WorkerLoad): Promise<boolean> {
  const rows = await db.query(
    'update workers set beat = beat + 1, running = $2, settled_per_s = $3, calls = $4 where worker_id = $1 returning beat',
    [workerId, load.running, load.settledPerSecond, JSON.stringify(load.calls ?? {})],
  )
  return rows.length === 1
}

/** At a clean end, when nothing runs on it any more: its slots of all limits are free from here on. */
export async function removeWorker(db: Database, workerId: WorkerId): Promise<void> {
  await db.transaction(async (queries) => {
    await queries.query('delete from workers where worker_id = $1', [workerId])
    await freeSlots(queries, [workerId])
  })
}

/** A worker's id and how often its lease was renewed. */
export interface Beat {
  readonly workerId: WorkerId
  readonly beat: number
}

/** All the leases there are. */
export async function readBeats(db: Queries): Promise<readonly Beat[]> {
  const rows = await db.query<{ worker_id: WorkerId; beat: number }>('select worker_id, beat from workers')
  return rows.map((row) => ({ workerId: row.worker_id, beat: row.beat }))
}
