import type { TaskId } from '@magictask/domain'
import type { Queries } from '../database.ts'

/** A claim that a worker believes to hold. */
export interface Held {
  readonly taskId: TaskId
  readonly fence: number
}

/** Which of these claims are no longer the worker's: cancelled, rescued, or claimed by another. One statement for all that run. */
export async function lostTasks(db: Queries, held: readonly Held[]): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ task_id: string }>(
    `select h.task_id from unnest($1::uuid[], $2::int[]) as h (task_id, fence)
     where not exists (
       select from tasks t where t.id = h.task_id and t.id = any($1) and t.state = 'running' and t.fence = h.fence
     )`,
    [held.map((claim) => claim.taskId), held.map((claim) => claim.fence)],
  )
  return new Set(rows.map((row) => row.task_id))
}
