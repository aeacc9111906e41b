import type { Queue } from '@magictask/domain'
import type { Queries } from '../database.ts'

/** How much of what waits is put on Kafka at once. */
export const RELEASE = {
  /** While no worker lives: so that there is something to wake one. */
  windowWithoutWorkers: 64,
  /** Of what the fleet settles, this many seconds' worth. */
  secondsAhead: 0.25,
  extraPerWorker: 2,
  /** How long a mark counts a task as being on Kafka; one that runs out is released again. */
  markSeconds: 5,
} as const

/** What may be on Kafka of a queue. */
export interface QueueRoom {
  readonly queue: Queue
  /** In each of its lanes. */
  readonly tasks: number
  /** Whether anybody may be asked now. */
  readonly isReady: boolean
}

/** Keeps the rooms for whoever submits: what fits is then released at once. To be written when they change. */
export async function keepReleaseRoom(db: Queries, rooms: readonly QueueRoom[]): Promise<void> {
  await db.query(
    `insert into release_room (queue, tasks, out_since)
     select queue, tasks, case when not ready then now() end from unnest($1::text[], $2::int[], $3::boolean[]) as r (queue, tasks, ready)
     on conflict (queue) do update set tasks = excluded.tasks,
       out_since = case when excluded.out_since is not null then coalesce(release_room.out_since, excluded.out_since) end`,
    [rooms.map(({ queue }) => queue), rooms.map(({ tasks }) => tasks), rooms.map(({ isReady }) => isReady)],
  )
}
