import { type BatchId, Fault, type TenantId } from '@magictask/domain'
import type { Database } from '../database.ts'
import { cancelTheseTasks } from '../tasks/cancel-task.ts'
import { type BatchView, getBatch } from './get-batch.ts'

/** How many tasks are cancelled in one statement: a bound on how long rows stay locked. */
const AT_ONCE = 1_000

/**
 * Cancels every task of the batch that has not ended; what ends meanwhile keeps its ending. Tells how many it
 * cancelled and what the batch is now. Throws `batch.not_found`.
 */
export async function cancelBatch(
  db: Database,
  tenant: TenantId,
  batchId: BatchId,
): Promise<{ readonly cancelled: number; readonly batch: BatchView }> {
  const before = await mustGetBatch(db, tenant, batchId)
  if (before.finishedAt !== undefined) return { cancelled: 0, batch: before }
  const open = await db.query<{ id: string }>(
    `select id from tasks where batch_id = $1 and tenant = $2 and id between $3 and $4 and state in ('queued', 'running') order by id`,
    [batchId, tenant, before.firstTaskId, before.lastTaskId],
  )
  let cancelled = 0
  for (let from = 0; from < open.length; from += AT_ONCE) {
    const ids = open.slice(from, from + AT_ONCE).map((row) => row.id)
    cancelled += await cancelTheseTasks(db, tenant, ids)
  }
  return { cancelled, batch: await mustGetBatch(db, tenant, batchId) }
}

async function mustGetBatch(db: Database, tenant: TenantId, batchId: BatchId): Promise<BatchView> {
  const batch = await getBatch(db, tenant, batchId)
  if (batch === undefined) throw new Fault('batch.not_found')
  return batch
}
