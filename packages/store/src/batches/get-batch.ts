import type { BatchCounts, BatchId, TaskId, TenantId } from '@magictask/domain'
import type { Queries } from '../database.ts'
import type { UsageView } from '../tasks/get-task.ts'

/** A batch as it is shown. The counts add up: they and the tasks change in the same statements. */
export interface BatchView {
  readonly batchId: BatchId
  readonly firstTaskId: TaskId
  readonly lastTaskId: TaskId
  readonly counts: BatchCounts
  readonly usage: UsageView
  readonly createdAt: Date
  readonly finishedAt?: Date
}

interface Row {
  readonly batch_id: BatchId
  readonly first_task_id: TaskId
  readonly last_task_id: TaskId
  readonly submitted: number
  readonly open: number
  readonly running: number
  readonly succeeded: number
  readonly failed: number
  readonly cancelled: number
  readonly expired: number
  readonly model_calls: number
  readonly prompt_tokens: string
  readonly completion_tokens: string
  readonly cost_micro_usd: string
  readonly unpriced_calls: number
  readonly created_at: Date
  readonly finished_at: Date | null
}

// An ended batch is read from its row alone; of one under way only what runs is counted, by an index of running tasks.
const GET = `
select b.*, case when b.open = 0 then 0 else (
  select count(*) from tasks t
  where t.batch_id = b.batch_id and t.state = 'running' and t.id between b.first_task_id and b.last_task_id
) end::int as running
from batches b where b.batch_id = $1 and b.tenant = $2`

/** The batch of this tenant, or undefined when there is none: another tenant's is none. */
export async function getBatch(db: Queries, tenant: TenantId, batchId: BatchId): Promise<BatchView | undefined> {
  const [row] = await db.query<Row>(GET, [batchId, tenant])
  return row === undefined ? undefined : viewOf(row)
}

function viewOf(row: Row): BatchView {
  const { submitted, running, succeeded, failed, cancelled, expired } = row
  return {
    batchId: row.batch_id,
    firstTaskId: row.first_task_id,
    lastTaskId: row.last_task_id,
    counts: { submitted, queued: row.open - running, running, succeeded, failed, cancelled, expired },
    usage: {
      promptTokens: Number(row.prompt_tokens),
      completionTokens: Number(row.completion_tokens),
      modelCalls: row.model_calls,
      costMicroUsd: row.unpriced_calls > 0 ? undefined : Number(row.cost_micro_usd),
    },
    createdAt: row.created_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  }
}
