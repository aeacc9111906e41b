import { type BatchId, type TaskId, type TaskStateKind, type TenantId, timeOfId } from '@magictask/domain'
import type { Queries } from '../database.ts'

/** What calls came to, over every attempt. The cost is undefined while the price of any call is unknown. */
export interface UsageView {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly modelCalls: number
  readonly costMicroUsd: number | undefined
}

/** A task as it is shown. `results`, `error`, `degradedReason` and `metadata` are JSON text, to be shown as they stand. */
export interface TaskView {
  readonly taskId: TaskId
  readonly batchId: BatchId
  readonly campaignSn: string
  readonly magicType: string
  readonly status: TaskStateKind
  readonly results: string
  readonly error?: string
  readonly degraded: boolean
  readonly degradedReason?: string
  /** Whether a result came from the cache. */
  readonly cached: boolean
  /** How often a worker took it up. */
  readonly attempts: number
  readonly provider?: string
  readonly model?: string
  readonly usage: UsageView
  readonly queuedAt: Date
  readonly startedAt?: Date
  readonly finishedAt?: Date
  readonly metadata?: string
}

interface Row {
  readonly id: TaskId
  readonly batch_id: BatchId
  readonly campaign_sn: string
  readonly magic_type: string
  readonly state: TaskStateKind
  readonly results: string | null
  readonly error: string | null
  readonly degraded: boolean | null
  readonly degraded_reason: string | null
  readonly cached: boolean | null
  readonly fence: number
  readonly provider: string | null
  readonly model: string | null
  readonly prompt_tokens: string
  readonly completion_tokens: string
  readonly model_calls: number
  readonly cost_micro_usd: string | null
  readonly unpriced_calls: number
  readonly started_at: Date | null
  readonly finished_at: Date | null
  readonly metadata: string | null
}

/** Reads tasks with all that is shown of them; a `where` and an `order by` follow. `$1` says whether results are wanted. */
export const SELECT_TASKS = `
select t.id, t.batch_id, t.campaign_sn, t.magic_type, t.state, t.fence, t.started_at, t.finished_at,
  case when $1 then r.results end as results, r.error, r.degraded, r.degraded_reason, r.cached, r.provider, r.model, p.metadata, u.*
from tasks t
left join results r on r.task_id = t.id
left join payloads p on p.task_id = t.id
cross join lateral (
  select coalesce(sum(m.prompt_tokens), 0) as prompt_tokens, coalesce(sum(m.completion_tokens), 0) as completion_tokens,
    count(*)::int as model_calls, sum(m.cost_micro_usd) as cost_micro_usd,
    (count(*) filter (where m.cost_micro_usd is null))::int as unpriced_calls
  from model_calls m where m.task_id = t.id
) u`

/** The task of this tenant, or undefined when there is none: another tenant's is none. */
export async function getTask(db: Queries, tenant: TenantId, taskId: TaskId): Promise<TaskView | undefined> {
  const [task] = await readTasks(db, `${SELECT_TASKS} where t.id = $2 and t.tenant = $3`, [true, taskId, tenant])
  return task
}

/** Runs a query that begins with `SELECT_TASKS`. */
export async function readTasks(db: Queries, text: string, values: readonly unknown[]): Promise<readonly TaskView[]> {
  return (await db.query<Row>(text, values)).map(viewOf)
}

function viewOf(row: Row): TaskView {
  return {
    taskId: row.id,
    batchId: row.batch_id,
    campaignSn: row.campaign_sn,
    magicType: row.magic_type,
    status: row.state,
    results: row.results ?? '[]',
    degraded: row.degraded ?? false,
    cached: row.cached ?? false,
    attempts: row.fence,
    usage: {
      promptTokens: Number(row.prompt_tokens),
      completionTokens: Number(row.completion_tokens),
      modelCalls: row.model_calls,
      costMicroUsd: row.unpriced_calls > 0 ? undefined : Number(row.cost_micro_usd ?? 0),
    },
    queuedAt: new Date(timeOfId(row.id)),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.degraded_reason === null ? {} : { degradedReason: row.degraded_reason }),
    ...(row.provider === null ? {} : { provider: row.provider }),
    ...(row.model === null ? {} : { model: row.model }),
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    ...(row.metadata === null ? {} : { metadata: row.metadata }),
  }
}
