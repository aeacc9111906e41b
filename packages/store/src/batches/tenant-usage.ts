import type { TenantId } from '@magictask/domain'
import type { Queries } from '../database.ts'
import type { UsageView } from '../tasks/get-task.ts'

/** A span of time; `to` is not in it any more. */
export interface Span {
  readonly from: Date
  readonly to: Date
}

interface Row {
  readonly model_calls: string
  readonly prompt_tokens: string
  readonly completion_tokens: string
  readonly cost_micro_usd: string
  readonly unpriced_calls: string
}

const SUM = `
select coalesce(sum(model_calls), 0) as model_calls, coalesce(sum(prompt_tokens), 0) as prompt_tokens,
  coalesce(sum(completion_tokens), 0) as completion_tokens, coalesce(sum(cost_micro_usd), 0) as cost_micro_usd,
  coalesce(sum(unpriced_calls), 0) as unpriced_calls
from batches where tenant = $1 and created_at >= $2 and created_at < $3`

/**
 * What a tenant's batches of a time have used so far, whatever became of their tasks: the sum of the batches' own sums, which are
 * raised in the statement that writes the calls. `costMicroUsd` is what is known; `unpricedCalls` says of how many calls it is not.
 */
export async function tenantUsage(
  db: Queries,
  tenant: TenantId,
  { from, to }: Span,
): Promise<Omit<UsageView, 'costMicroUsd'> & { readonly costMicroUsd: number; readonly unpricedCalls: number }> {
  const [row] = await db.query<Row>(SUM, [tenant, from, to])
  return {
    modelCalls: Number(row?.model_calls ?? 0),
    promptTokens: Number(row?.prompt_tokens ?? 0),
    completionTokens: Number(row?.completion_tokens ?? 0),
    costMicroUsd: Number(row?.cost_micro_usd ?? 0),
    unpricedCalls: Number(row?.unpriced_calls ?? 0),
  }
}
