import type { BatchId, CallId, TaskId } from '@magictask/domain'
import { type Queries, repeatOnDeadlock } from '../database.ts'
import { ENDING } from './ending.ts'

/** How a claim ended. Texts are JSON and stand for ever as they are given here. */
export type Outcome = { readonly taskId: TaskId; readonly fence: number } & (
  | {
      readonly state: 'succeeded' | 'failed' | 'expired'
      readonly results: string
      readonly error?: string
      readonly degraded: boolean
      readonly provider?: string
      readonly model?: string
    }
  /** Back to wait. Counted as a try when there was a verdict; a give-back is not. */
  | { readonly state: 'queued'; readonly counted: boolean; readonly waitMs: number }
)

/** A model call that came to an end. */
export interface CallRecord {
  readonly taskId: TaskId
  readonly batchId: BatchId
  readonly callId: CallId
  readonly fence: number
  readonly suggestion: number
  readonly provider: string
  readonly model: string
  readonly promptVersion: number
  readonly promptTokens?: number
  readonly completionTokens?: number
  readonly costMicroUsd?: number
  readonly latencyMs: number
  readonly outcome: string
}

/** A paid answer of a task whose other answers are not there yet. */
export interface EarlyAnswer {
  readonly taskId: TaskId
  readonly fence: number
  readonly suggestion: number
  readonly answer: string
}

/** Everything that a worker has to write at one moment. No task has two outcomes. */
export interface Settlement {
  readonly outcomes: readonly Outcome[]
  readonly calls: readonly CallRecord[]
  readonly answers: readonly EarlyAnswer[]
}

/** `settled`: written now. `already`: an earlier try of the same write had arrived. `refused`: the task is no longer this claim's. */
export type Settled = 'settled' | 'already' | 'refused'

/*
  The state that is left and the fence stand in the UPDATE's own WHERE: what a lock was waited for is looked at again.
  An early answer is taken as long as nobody has claimed the task since, so what a worker paid for is kept even when
  the rescue was faster. A call is recorded whoever holds the task.
*/
const SETTLE = `
with outcome as (
  select * from jsonb_to_recordset($1) as o (
    task_id uuid, fence int, state text, counted boolean, wait_ms double precision,
    results text, error text, degraded boolean, provider text, model text)
),
call as (
  select * from jsonb_to_recordset($2) as c (
    task_id uuid, batch_id uuid, call_id uuid, fence int, suggestion smallint, provider text, model text, prompt_version smallint,
    prompt_tokens int, completion_tokens int, cost_micro_usd bigint, latency_ms int, outcome text)
),
early as (
  select * from jsonb_to_recordset($3) as a (task_id uuid, fence int, suggestion smallint, answer text)
),
held as (
  select t.id from tasks t join outcome o on o.task_id = t.id
  where t.id = any($4) order by t.id for no key update of t
),
moved as (
  update tasks t set
    state = o.state, tries = t.tries + o.counted::int, worker_id = null,
    finished_at = case when o.state <> 'queued' then now() end
  from outcome o join held on held.id = o.task_id
  where t.id = o.task_id and t.id = any($4) and t.state = 'running' and t.fence = o.fence
  returning t.id as task_id, t.batch_id, t.tenant, t.lane, t.queue, t.deadline, o.state as status, o.wait_ms,
    o.results, o.error, o.degraded, o.provider, o.model
),
back as (
  insert into waiting (task_id, tenant, lane, queue, due_at, deadline)
  select task_id, tenant, lane, queue, case when wait_ms > 0 then now() + wait_ms * interval '1 ms' end, deadline
  from moved where status = 'queued'
),
ended as (
  select * from moved where status <> 'queued'
),
kept as (
  insert into answers (task_id, suggestion, answer)
  select e.task_id, e.suggestion, e.answer
  from early e join tasks t on t.id = e.task_id
  where t.id = any($4) and t.fence = e.fence and t.state in ('queued', 'running')
  on conflict do nothing
),
billed as (
  insert into model_calls (task_id, batch_id, call_id, fence, suggestion, provider, model, prompt_version,
    prompt_tokens, completion_tokens, cost_micro_usd, latency_ms, outcome)
  select task_id, batch_id, call_id, fence, suggestion, provider, model, prompt_version,
    prompt_tokens, completion_tokens, cost_micro_usd, latency_ms, outcome
  from call
  on conflict do nothing
  returning batch_id, prompt_tokens, completion_tokens, cost_micro_usd
),
${ENDING}
select o.task_id,
  case
    when m.task_id is not null then 'settled'
    when t.fence = o.fence and t.state = o.state and t.state <> 'queued' then 'already'
    else 'refused'
  end as settled
from outcome o
left join moved m on m.task_id = o.task_id
left join tasks t on t.id = o.task_id and t.id = any($4)`

/** Writes outcomes, calls and early answers in one statement. Says of each outcome whether it took. */
export async function settleTasks(db: Queries, settlement: Settlement): Promise<ReadonlyMap<string, Settled>> {
  const ids = new Set([...settlement.outcomes, ...settlement.answers].map((row) => row.taskId))
  const values = [
    JSON.stringify(settlement.outcomes.map(outcomeRow)),
    JSON.stringify(settlement.calls.map(callRow)),
    JSON.stringify(settlement.answers.map(({ taskId, ...rest }) => ({ task_id: taskId, ...rest }))),
    [...ids],
  ]
  const rows = await repeatOnDeadlock(() => db.query<{ task_id: string; settled: Settled }>(SETTLE, values))
  return new Map(rows.map((row) => [row.task_id, row.settled]))
}

function outcomeRow(outcome: Outcome): object {
  const { taskId, ...rest } = outcome
  if (rest.state !== 'queued') return { task_id: taskId, counted: true, wait_ms: 0, ...rest }
  return { task_id: taskId, fence: rest.fence, state: rest.state, counted: rest.counted, wait_ms: rest.waitMs }
}

function callRow(call: CallRecord): object {
  return {
    task_id: call.taskId,
    batch_id: call.batchId,
    call_id: call.callId,
    fence: call.fence,
    suggestion: call.suggestion,
    provider: call.provider,
    model: call.model,
    prompt_version: call.promptVersion,
    prompt_tokens: call.promptTokens,
    completion_tokens: call.completionTokens,
    cost_micro_usd: call.costMicroUsd,
    latency_ms: Math.round(call.latencyMs),
    outcome: call.outcome,
  }
}
