import type { TaskId, WorkerId } from '@magictask/domain'
import type { Queries } from '../database.ts'
import type { Held } from '../tasks/lost-tasks.ts'

/**
 * Tasks that run on this worker by their rows, and of which it knows nothing: the claim was committed and its
 * answer lost. Only what was claimed longer ago than a statement may take, so that no claim under way is among them.
 */
export async function unknownTasks(
  db: Queries,
  worker: { readonly workerId: WorkerId; readonly known: readonly TaskId[]; readonly olderThanMs: number },
): Promise<readonly Held[]> {
  const rows = await db.query<{ id: TaskId; fence: number }>(
    `select id, fence from tasks
     where worker_id = $1 and state = 'running' and id <> all($2::uuid[]) and claimed_at < now() - $3 * interval '1 ms'`,
    [worker.workerId, worker.known, worker.olderThanMs],
  )
  return rows.map((row) => ({ taskId: row.id, fence: row.fence }))
}
