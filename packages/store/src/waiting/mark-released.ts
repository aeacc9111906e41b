import type { Lane, TaskId } from '@magictask/domain'
import type { Queries } from '../database.ts'
import { RELEASE, roomOf } from './release-room.ts'

/** A task that is due on Kafka now. `again`: it was put there before, and nobody claimed it. */
export interface Released {
  readonly taskId: TaskId
  readonly lane: Lane
  readonly tenant: string
  readonly again: boolean
  /** The value of its Kafka record, byte for byte as it was submitted. */
  readonly record: string
}

/** `holds`: whether this process is the one that releases now. */
export interface Release {
  readonly holds: boolean
  readonly tasks: readonly Released[]
}

interface Row {
  readonly holds: boolean
  readonly task_id: TaskId | null
  readonly lane: Lane
  readonly tenant: string
  readonly again: boolean
}

/*
  The order of release is decided here and nowhere else: marks that ran out, then what has become due, then order of
  submission. Each of the three is a walk along an index of its own, no longer than the room there is.
*/
const MARK = `
with lease as (
  insert into leases (name, holder, until) values ('release', $1, now() + $2 * interval '1 ms')
  on conflict (name) do update set holder = excluded.holder, until = excluded.until
  where leases.holder = excluded.holder or leases.until < now()
  returning holder
),
${roomOf(`select lane, queue from unnest($3::text[]) as lane, unnest($4::text[]) as queue where exists (select from lease)`)},
picked as (
  select w.* from room r cross join lateral (
    (select task_id, true as again, 1 as turn, released_until as since from waiting
      where lane = r.lane and queue = r.queue and released_until <= now()
      order by released_until limit r.room)
    union all
    (select task_id, false, 2, due_at from waiting
      where lane = r.lane and queue = r.queue and released_until is null and due_at <= now()
      order by due_at limit r.room)
    union all
    (select task_id, false, 3, null from waiting
      where lane = r.lane and queue = r.queue and released_until is null and due_at is null
      order by deadline, task_id limit r.room)
    order by turn, since, task_id limit r.room
  ) w
),
held as (
  select w.task_id, picked.again from waiting w join picked using (task_id)
  where w.released_until is null or w.released_until <= now()
  order by w.task_id for update of w skip locked
),
marked as (
  update waiting w set released_until = now() + interval '${RELEASE.markSeconds} s'
  from held where w.task_id = held.task_id
  returning w.task_id, w.lane, w.tenant, held.again
)
select l.holds, m.* from (select exists (select from lease) as holds) l left join marked m on true`

/** Who wants to release, and how much of what. */
export interface ReleaseRequest {
  /** This process, for the lease: only one releases at a time. */
  readonly holder: string
  readonly leaseMs: number
  readonly lanes: readonly string[]
  readonly queues: readonly string[]
}

/** Marks what fits on Kafka now and gives it, in order of submission; nothing while another process holds the lease. Publishing is the caller's. */
export async function markReleased(db: Queries, request: ReleaseRequest): Promise<Release> {
  const rows = await db.query<Row>(MARK, [request.holder, request.leaseMs, request.lanes, request.queues])
  const marked = new Map(rows.flatMap((row) => (row.task_id === null ? [] : [[row.task_id, row]])))
  if (marked.size === 0) return { holds: rows[0]?.holds === true, tasks: [] }
  const records = await db.query<{ task_id: TaskId; record: string }>(
    'select task_id, record from payloads where task_id = any($1) order by task_id',
    [[...marked.keys()]],
  )
  const tasks = records.flatMap(({ task_id, record }) => {
    const row = marked.get(task_id)
    return row === undefined ? [] : [{ taskId: task_id, lane: row.lane, tenant: row.tenant, again: row.again, record }]
  })
  return { holds: true, tasks }
}
