import type { BatchId, TaskId } from '@magictask/domain'
import type { Queries } from '../database.ts'

/** Which of these tasks and batches have ended: one statement for everybody who waits. */
export async function endedAmong(
  db: Queries,
  asked: { readonly taskIds: readonly TaskId[]; readonly batchIds: readonly BatchId[] },
): Promise<{ readonly taskIds: ReadonlySet<string>; readonly batchIds: ReadonlySet<string> }> {
  const rows = await db.query<{ kind: 'task' | 'batch'; id: string }>(
    `select 'task' as kind, id from tasks where id = any($1) and state not in ('queued', 'running')
     union all
     select 'batch', batch_id from batches where batch_id = any($2) and finished_at is not null`,
    [asked.taskIds, asked.batchIds],
  )
  const idsOf = (kind: 'task' | 'batch') => new Set(rows.flatMap((row) => (row.kind === kind ? [row.id] : [])))
  return { taskIds: idsOf('task'), batchIds: idsOf('batch') }
}
