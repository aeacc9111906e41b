import type { Lane, TaskId } from '@magictask/domain'
import { type Queries, repeated } from '../database.ts'
import { rangeOf } from '../partitions.ts'
import { TAKE_LEASE } from './release-lease.ts'
import { RELEASE } from './release-room.ts'

/** A task that is due on Kafka now. */
export interface Released {
  readonly taskId: TaskId
  readonly lane: Lane
  /** The value of its Kafka record, byte for byte as it was submitted. */
  readonly record: string
}

/** `holds`: whether this process is the one that releases now. */
export interface Release {
  readonly holds: boolean
  readonly tasks: readonly Released[]
}

/*
  What was cancelled or claimed since it was looked at is not there any more, and what somebody decides about just now is
  skipped. The range of the ids prunes the partitions of `payloads` when the statement is planned.
*/
const MARK = repeated(`
with ${TAKE_LEASE},
held as (
  select task_id from waiting
  where task_id = any($3) and released_until is null and due_at is null and exists (select from lease)
  for update skip locked
),
marked as (
  update waiting set released_until = now() + interval '${RELEASE.markSeconds} s'
  where task_id = any(array(select task_id from held))
  returning task_id, lane
)
select l.holds, m.*, p.record
from (select exists (select from lease) as holds) l left join (
  marked m join payloads p on p.task_id = m.task_id and p.task_id between $4 and $5
) on true`)

interface Row {
  readonly holds: boolean
  readonly task_id: TaskId | null
  readonly lane: Lane
  readonly record: string
}

/** What is to be marked, and who wants to: only one process releases at a time. */
export interface ReleaseRequest {
  readonly holder: string
  readonly leaseMs: number
  readonly taskIds: readonly TaskId[]
}

/** Marks those of the tasks that still wait and gives their records; nothing while another process holds the lease. Publishing is the caller's. */
export async function markReleased(db: Queries, { holder, leaseMs, taskIds }: ReleaseRequest): Promise<Release> {
  const rows = await db.query<Row>(MARK, [holder, leaseMs, taskIds, ...rangeOf(taskIds)])
  const tasks = rows.flatMap(({ task_id, lane, record }) =>
    task_id === null ? [] : [{ taskId: task_id, lane, record }],
  )
  return { holds: rows[0]?.holds === true, tasks }
}
