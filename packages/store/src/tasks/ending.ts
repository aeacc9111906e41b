/**
 * What every terminal write does besides the state, whoever makes it: store the result, announce it, count it in the
 * batch. In the same statement, so that a crash leaves all of it or nothing (`PROTOCOL.md` 5).
 *
 * It follows the CTEs `ended (task_id, batch_id, status, results, error, degraded, degraded_reason, cached, provider, model)` and
 * `billed (batch_id, prompt_tokens, completion_tokens, cost_micro_usd)`, a row per newly recorded call.
 * Batches are locked in id order, and their row is written once even when it gets both counts and usage.
 */
export const ENDING = `
stored as (
  insert into results (task_id, status, results, error, degraded, degraded_reason, cached, provider, model)
  select task_id, status, results, error, degraded, degraded_reason, cached, provider, model from ended
),
announced as (
  insert into result_outbox (task_id) select task_id from ended
),
tally as (
  select batch_id,
    sum(succeeded) as succeeded, sum(failed) as failed, sum(cancelled) as cancelled, sum(expired) as expired, sum(ended) as ended,
    sum(calls) as calls, sum(prompt) as prompt, sum(completion) as completion, sum(cost) as cost, sum(unpriced) as unpriced
  from (
    select batch_id,
      (status = 'succeeded')::int as succeeded, (status = 'failed')::int as failed,
      (status = 'cancelled')::int as cancelled, (status = 'expired')::int as expired, 1 as ended,
      0 as calls, 0 as prompt, 0 as completion, 0::bigint as cost, 0 as unpriced
    from ended
    union all
    select batch_id, 0, 0, 0, 0, 0, 1, coalesce(prompt_tokens, 0), coalesce(completion_tokens, 0),
      coalesce(cost_micro_usd, 0), (cost_micro_usd is null)::int
    from billed
  ) as parts
  group by batch_id
),
touched as (
  select b.batch_id from batches b join tally using (batch_id) order by b.batch_id for no key update of b
),
counted as (
  update batches b set
    succeeded = b.succeeded + t.succeeded, failed = b.failed + t.failed,
    cancelled = b.cancelled + t.cancelled, expired = b.expired + t.expired,
    open = b.open - t.ended,
    finished_at = case when t.ended > 0 and b.open - t.ended = 0 then now() else b.finished_at end,
    model_calls = b.model_calls + t.calls, prompt_tokens = b.prompt_tokens + t.prompt,
    completion_tokens = b.completion_tokens + t.completion,
    cost_micro_usd = b.cost_micro_usd + t.cost, unpriced_calls = b.unpriced_calls + t.unpriced
  from tally t join touched using (batch_id)
  where b.batch_id = t.batch_id
  returning b.batch_id, b.open
)`

/** The `billed` of a statement that records no calls. */
export const NOTHING_BILLED = `
billed as (
  select null::uuid as batch_id, 0 as prompt_tokens, 0 as completion_tokens, 0::bigint as cost_micro_usd where false
)`

/** The answers that a task `t` has so far, as one JSON array in the order of its suggestions. */
export const RESULTS_SO_FAR = `
coalesce((select '[' || string_agg(a.answer, ',' order by a.suggestion) || ']' from answers a where a.task_id = t.id), '[]')`
