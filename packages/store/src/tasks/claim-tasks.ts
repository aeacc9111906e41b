import type { TaskId, WorkerId } from '@magictask/domain'
import { type Queries, repeatOnDeadlock } from '../database.ts'

/** A record that names a task: its id and the SHA-256 of its value. */
export interface Offer {
  readonly taskId: TaskId
  readonly payloadHash: Buffer
}

/** How often a suggestion was asked for before this claim. */
export interface AskedBefore {
  readonly suggestion: number
  readonly calls: number
  readonly bad_answers: number
}

/** What the database says to an offer; only `claimed` may run. */
export type Claim =
  | {
      readonly kind: 'claimed'
      readonly taskId: TaskId
      readonly fence: number
      /** Verdicts before this claim. */
      readonly tries: number
      readonly suspect: boolean
      /** How long until its deadline, by PostgreSQL's clock: a worker's own may be off by hours. */
      readonly deadlineInMs?: number
      /** Answers that are paid already, as JSON text by suggestion. */
      readonly answers: ReadonlyMap<number, string>
      readonly asked: readonly AskedBefore[]
    }
  /** Running, ended, or not due: somebody else's business, or nobody's. */
  | { readonly kind: 'skipped'; readonly taskId: TaskId }
  /** It would have been claimed, but is a suspect and this worker may take none now. */
  | { readonly kind: 'suspect'; readonly taskId: TaskId }
  /** Not what was submitted: to the dead letters. */
  | { readonly kind: 'unknown' | 'differs'; readonly taskId: TaskId }

interface Row {
  readonly verdict: Claim['kind']
  readonly fence: number
  readonly tries: number
  readonly suspect: boolean
  readonly deadline_in_ms: number | null
  readonly answers: readonly { readonly suggestion: number; readonly answer: string }[] | null
  readonly asked: readonly AskedBefore[] | null
}

/*
  Rows are locked in id order; one that somebody holds is skipped, for it is being decided about and comes again if
  need be. A state is looked at once more in the UPDATE's own WHERE, after any wait. Only the payload's hash is
  compared: the record is the payload.
*/
const CLAIM = `
with offered as (
  select * from unnest($1::uuid[], $2::bytea[]) with ordinality as o (task_id, payload_hash, place)
),
known as (
  select o.place, t.id, t.payload_hash = o.payload_hash as genuine, t.state, t.deaths >= $5 as suspect
  from offered o join tasks t on t.id = o.task_id
  where t.id = any($1)
),
chosen as (
  select id from known where genuine and state = 'queued' and not suspect
  union
  (select id from known where genuine and state = 'queued' and suspect order by id limit $4)
),
held as (
  select t.id from tasks t join chosen using (id)
  where t.id = any($1) and t.state = 'queued'
  order by t.id for no key update of t skip locked
),
due as (
  delete from waiting w using held
  where w.task_id = held.id and w.task_id = any($1)
    and (w.due_at is null or w.due_at <= now()) and (w.deadline is null or w.deadline > now())
    and exists (select from workers where worker_id = $3)
  returning w.task_id
),
claimed as (
  update tasks t set state = 'running', fence = t.fence + 1, worker_id = $3, claimed_at = now(), started_at = coalesce(t.started_at, now())
  from due
  where t.id = due.task_id and t.id = any($1) and t.state = 'queued'
  returning t.id, t.fence, t.tries, t.deaths >= $5 as suspect,
    (extract(epoch from t.deadline - now()) * 1000)::double precision as deadline_in_ms
)
select
  case
    when k.id is null then 'unknown'
    when not k.genuine then 'differs'
    when c.id is not null then 'claimed'
    when k.suspect and k.state = 'queued' and not exists (select from chosen where chosen.id = k.id) then 'suspect'
    else 'skipped'
  end as verdict,
  c.fence, c.tries, c.suspect, c.deadline_in_ms,
  case when c.fence > 1 then (
    select json_agg(json_build_object('suggestion', a.suggestion, 'answer', a.answer)) from answers a where a.task_id = c.id
  ) end as answers,
  case when c.fence > 1 then (
    select json_agg(asked) from (
      select m.suggestion, count(*) as calls, count(*) filter (where m.outcome like 'answer.%') as bad_answers
      from model_calls m where m.task_id = c.id and m.outcome <> 'aborted' group by m.suggestion
    ) asked
  ) end as asked
from offered o
left join known k on k.place = o.place
left join claimed c on c.id = o.task_id and k.genuine
order by o.place`

/** The row of `workers` is the worker's right to claim: without it every offer is skipped. */
export interface ClaimRequest {
  readonly workerId: WorkerId
  /** No task twice with the same hash. */
  readonly offers: readonly Offer[]
  /** How many suspects may be among the claimed: 0 while the worker runs one. */
  readonly suspectRoom: number
  /** From how many deaths on a task is a suspect. */
  readonly suspectFrom: number
}

/** Claims many tasks in one statement. Answers in the order of the offers. */
export async function claimTasks(db: Queries, request: ClaimRequest): Promise<readonly Claim[]> {
  const { offers } = request
  const rows = await repeatOnDeadlock(() =>
    db.query<Row>(CLAIM, [
      offers.map((offer) => offer.taskId),
      offers.map((offer) => offer.payloadHash),
      request.workerId,
      request.suspectRoom,
      request.suspectFrom,
    ]),
  )
  return rows.flatMap((row, place) => {
    const offer = offers[place]
    return offer === undefined ? [] : [claimOf(offer.taskId, row)]
  })
}

function claimOf(taskId: TaskId, row: Row): Claim {
  if (row.verdict !== 'claimed') return { kind: row.verdict, taskId }
  return {
    kind: 'claimed',
    taskId,
    fence: row.fence,
    tries: row.tries,
    suspect: row.suspect,
    answers: new Map((row.answers ?? []).map(({ suggestion, answer }) => [suggestion, answer])),
    asked: row.asked ?? [],
    ...(row.deadline_in_ms === null ? {} : { deadlineInMs: row.deadline_in_ms }),
  }
}
