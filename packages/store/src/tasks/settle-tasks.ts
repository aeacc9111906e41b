import type { BatchId, CallId, Lane, Queue, TargetName, TaskId, TenantId } from '@magictask/domain'
import { type Queries, repeated, repeatOnDeadlock } from '../database.ts'
import { IS_OUT } from '../limits/targets.ts'
import { rangeOf } from '../partitions.ts'
import { ENDING } from './ending.ts'

/** How a claim ended. Texts are JSON and stand for ever as they are given here. */
export type Outcome = { readonly taskId: TaskId; readonly fence: number } & (
  | {
      readonly state: 'succeeded' | 'failed' | 'expired'
      readonly results: string
      readonly error?: string
      readonly degraded: boolean
      /** Why a result is a stand-in: the fault and its detail. */
      readonly degradedReason?: string
      /** Whether at least one of its answers came from the cache. */
      readonly cached?: boolean
      readonly provider?: string
      readonly model?: string
    }
  /** Back to wait. Counted as a try when there was a verdict; a give-back is not. */
  | {
      readonly state: 'queued'
      readonly counted: boolean
      readonly waitMs: number
      /** The target whose return wakes it before that, if it is out when this is written. */
      readonly waitsFor?: TargetName
      /** The revision in which it was seen to be out. Where a later one is not, it came back meanwhile, and nobody wakes what comes now: it is due at once. */
      readonly outRevision?: number
    }
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
  readonly cachedTokens?: number
  readonly completionTokens?: number
  readonly reasoningTokens?: number
  /** Undefined while the price is unknown. */
  readonly costMicroUsd?: number
  readonly latencyMs: number
  readonly firstTokenMs?: number
  /** `answered`, `aborted`, or the fault's code. */
  readonly outcome: string
  /** Whether it found out if its target answers again: no attempt of the task. */
  readonly probe?: boolean
}

/** What calls took beyond what was thought when their tasks were released, in tokens; below 0 when they took less. */
export interface FairCharge {
  readonly tenant: TenantId
  readonly lane: Lane
  readonly queue: Queue
  readonly tokens: number
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
  /** One for each tenant, lane and queue at most. */
  readonly charges?: readonly FairCharge[]
}

/**
 * `settled`: written now. `already`: an earlier try of the same write had arrived; or, of a task that goes back to wait, whoever took
 * the worker for dead had put it there. `refused`: the task is no longer this claim's.
 */
export type Settled = 'settled' | 'already' | 'refused'

/*
  The state that is left and the fence stand in the UPDATE's own WHERE: what a lock was waited for is looked at again. That state comes
  as a column, for by the word itself PostgreSQL would go through the index of all that runs, and of all that ran since it was vacuumed.
  A call is recorded whoever holds the task.
*/
const MOVED = `
with outcome as (
  select *, 'running' as leaves from jsonb_to_recordset($1) as o (
    task_id uuid, fence int, state text, counted boolean, wait_ms double precision, waits_for text, out_revision int,
    results text, error text, degraded boolean, degraded_reason text, cached boolean, provider text, model text)
),
held as (
  select t.id from tasks t join outcome o on o.task_id = t.id
  where t.id between $3 and $4 order by t.id for no key update of t
),
moved as (
  update tasks t set
    state = o.state, tries = t.tries + o.counted::int, worker_id = null,
    finished_at = case when o.state <> 'queued' then now() end
  from outcome o join held on held.id = o.task_id
  where t.id = o.task_id and t.id between $3 and $4 and t.state = o.leaves and t.fence = o.fence
  returning t.id as task_id, t.batch_id, t.tenant, t.lane, t.queue, t.cost, t.deadline, o.state as status, o.wait_ms,
    o.waits_for, o.out_revision, o.results, o.error, o.degraded, o.degraded_reason, o.cached, o.provider, o.model
),
ended as (
  select * from moved where status <> 'queued'
),
billed as (
  insert into model_calls (task_id, batch_id, call_id, fence, suggestion, provider, model, prompt_version, prompt_tokens,
    cached_tokens, completion_tokens, reasoning_tokens, cost_micro_usd, latency_ms, first_token_ms, outcome, probe)
  select task_id, batch_id, call_id, fence, suggestion, provider, model, prompt_version, prompt_tokens,
    cached_tokens, completion_tokens, reasoning_tokens, cost_micro_usd, latency_ms, first_token_ms, outcome, probe
  from jsonb_to_recordset($2) as c (
    task_id uuid, batch_id uuid, call_id uuid, fence int, suggestion smallint, provider text, model text,
    prompt_version smallint, prompt_tokens int, cached_tokens int, completion_tokens int, reasoning_tokens int,
    cost_micro_usd bigint, latency_ms int, first_token_ms int, outcome text, probe boolean)
  on conflict do nothing
  returning batch_id, prompt_tokens, completion_tokens, cost_micro_usd
),
${ENDING}`

/*
  Who waits for a target that is not out would be woken by a return that was before it, and never wait: that is right only where it
  was seen out, and has come back. One whose outage the fleet does not know of yet is waited for.
*/
const BACK = `,
back as (
  insert into waiting (task_id, tenant, lane, queue, cost, due_at, waits_for, deadline)
  select task_id, tenant, lane, queue, cost,
    case when wait_ms > 0 and (t.revision > out_revision and not ${IS_OUT}) is not true then now() + wait_ms * interval '1 ms' end,
    case when ${IS_OUT} or coalesce(t.revision, 0) <= out_revision then waits_for end, deadline
  from moved left join targets t on t.name = waits_for where status = 'queued'
)`

/* An early answer is taken as long as nobody has claimed the task since, so what a worker paid for is kept even when the rescue was faster. */
const KEPT = `,
kept as (
  insert into answers (task_id, suggestion, answer)
  select e.task_id, e.suggestion, e.answer
  from jsonb_to_recordset($first) as e (task_id uuid, fence int, suggestion smallint, answer text)
  join tasks t on t.id = e.task_id
  where t.id between $second and $third and t.fence = e.fence and t.state in ('queued', 'running')
  on conflict do nothing
)`

const CHARGED = `,
charged as (
  insert into fair_charges (tenant, lane, queue, tokens)
  select tenant, lane, queue, tokens from jsonb_to_recordset($first) as f (tenant text, lane text, queue text, tokens int)
)`

/** Writes outcomes, calls, early answers and charges in one statement. Says of each outcome whether it took. */
export async function settleTasks(db: Queries, settlement: Settlement): Promise<ReadonlyMap<string, Settled>> {
  const { text, values } = statementFor(settlement)
  const moved = await repeatOnDeadlock(() => db.query<{ task_id: string }>(text, values))
  const how = new Map<string, Settled>(moved.map((row) => [row.task_id, 'settled']))
  const others = settlement.outcomes.filter(({ taskId }) => !how.has(taskId))
  for (const [taskId, settled] of await lookBack(db, others)) how.set(taskId, settled)
  return how
}

/** A statement is planned anew each time and every part of it costs, so it has no part that has nothing to do. */
function statementFor({ outcomes, calls, answers, charges = [] }: Settlement) {
  const rangeOfTasks = (rows: readonly { readonly taskId: TaskId }[]) => rangeOf(rows.map((row) => row.taskId))
  const values: unknown[] = [
    JSON.stringify(outcomes.map(outcomeRow)),
    JSON.stringify(calls.map(callRow)),
    ...rangeOfTasks(outcomes),
  ]
  const placed = (part: string, ...more: readonly unknown[]) => {
    const first = values.length + 1
    values.push(...more)
    return part
      .replace('$first', `$${first}`)
      .replace('$second', `$${first + 1}`)
      .replace('$third', `$${first + 2}`)
  }
  const parts = [
    MOVED,
    outcomes.some(({ state }) => state === 'queued') ? BACK : '',
    answers.length === 0 ? '' : placed(KEPT, JSON.stringify(answers.map(answerRow)), ...rangeOfTasks(answers)),
    charges.length === 0 ? '' : placed(CHARGED, JSON.stringify(charges)),
  ]
  return { text: repeated(`${parts.join('')}\nselect task_id from moved`), values }
}

const LOOK_BACK = `
select o.task_id, t.fence = o.fence and t.state = o.state as already
from unnest($1::uuid[], $2::int[], $3::text[]) as o (task_id, fence, state)
left join tasks t on t.id = o.task_id and t.id = any($1)`

/** An outcome that did not take is either late, or had arrived with an answer that was lost. */
async function lookBack(db: Queries, outcomes: readonly Outcome[]): Promise<readonly (readonly [TaskId, Settled])[]> {
  if (outcomes.length === 0) return []
  const rows = await db.query<{ task_id: TaskId; already: boolean | null }>(LOOK_BACK, [
    outcomes.map((outcome) => outcome.taskId),
    outcomes.map((outcome) => outcome.fence),
    outcomes.map((outcome) => outcome.state),
  ])
  return rows.map((row) => [row.task_id, row.already === true ? 'already' : 'refused'])
}

function outcomeRow(outcome: Outcome): object {
  const { taskId, ...rest } = outcome
  if (rest.state !== 'queued') {
    const { degradedReason, ...made } = rest
    return { task_id: taskId, counted: true, wait_ms: 0, cached: false, degraded_reason: degradedReason, ...made }
  }
  const { fence, state, counted, waitMs, waitsFor, outRevision } = rest
  return { task_id: taskId, fence, state, counted, wait_ms: waitMs, waits_for: waitsFor, out_revision: outRevision }
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
    cached_tokens: call.cachedTokens,
    completion_tokens: call.completionTokens,
    reasoning_tokens: call.reasoningTokens,
    cost_micro_usd: call.costMicroUsd,
    latency_ms: Math.round(call.latencyMs),
    first_token_ms: call.firstTokenMs === undefined ? undefined : Math.round(call.firstTokenMs),
    outcome: call.outcome,
    probe: call.probe ?? false,
  }
}

function answerRow({ taskId, ...rest }: EarlyAnswer): object {
  return { task_id: taskId, ...rest }
}
