import type { TaskId, WorkerId } from '@magictask/domain'
import { type Queries, repeated, repeatOnDeadlock } from '../database.ts'
import { rangeOf } from '../partitions.ts'

/** A record that names a task: its id and the SHA-256 of its value. */
export interface Offer {
  readonly taskId: TaskId
  readonly payloadHash: Buffer
}

/** A call that an earlier claim of the task made for a suggestion; one that was cut off or only probed is not among them. */
export interface EarlierCall {
  readonly suggestion: number
  readonly provider: string
  readonly model: string
  /** `answered`, or the fault's code. */
  readonly outcome: string
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
      /** What it was thought to take when it was submitted, in tokens. */
      readonly cost: number
      /** How long until its deadline, by PostgreSQL's clock: a worker's own may be off by hours. */
      readonly deadlineInMs?: number
      /** Answers that are paid already, as JSON text by suggestion. */
      readonly answers: ReadonlyMap<number, string>
      readonly calls: readonly EarlierCall[]
    }
  /** Running, ended, or not due: somebody else's business, or nobody's. */
  | { readonly kind: 'skipped'; readonly taskId: TaskId }
  /** It would have been claimed, but is a suspect and this worker may take none now. */
  | { readonly kind: 'suspect'; readonly taskId: TaskId }
  /** Not what was submitted: to the dead letters. */
  | { readonly kind: 'unknown' | 'differs'; readonly taskId: TaskId }

/** One of the two kinds of rows that a claim gives: what is known of an offer, or a task that is claimed. */
type Row =
  | {
      readonly kind: 'known'
      readonly task_id: TaskId
      readonly place: string
      readonly genuine: boolean
      readonly surplus_suspect: boolean
    }
  | {
      readonly kind: 'claimed'
      readonly task_id: TaskId
      readonly fence: number
      readonly tries: number
      readonly suspect: boolean
      readonly cost: number
      readonly deadline_in_ms: number | null
    }

/*
  Rows are locked in id order; one that somebody holds is skipped, for it is being decided about and comes again if
  need be. A state is looked at once more in the UPDATE's own WHERE, after any wait. Only the payload's hash is
  compared: the record is the payload. PostgreSQL takes what each step leaves for one row, and would compare every pair of rows in a
  join of two steps: hence the array, and the caller who puts together what is known and what is claimed.
*/
const CLAIM = repeated(`
with known as (
  select o.place, t.id, t.payload_hash = o.payload_hash as genuine, t.state = 'queued' as queued, t.deaths >= $5 as suspect,
    row_number() over (partition by t.deaths >= $5, t.state = 'queued', t.payload_hash = o.payload_hash order by t.id) as turn
  from unnest($1::uuid[], $2::bytea[]) with ordinality as o (task_id, payload_hash, place) join tasks t on t.id = o.task_id
  where t.id between $6 and $7
),
held as (
  select t.id from tasks t
  where t.id = any(array(select id from known where queued and genuine and (not suspect or turn <= $4)))
    and t.id between $6 and $7 and t.state = 'queued'
  order by t.id for no key update of t skip locked
),
due as (
  delete from waiting w using held
  where w.task_id = held.id
    and (w.due_at is null or w.due_at <= now()) and (w.deadline is null or w.deadline > now())
    and exists (select from workers where worker_id = $3)
  returning w.task_id
),
claimed as (
  update tasks t set state = 'running', fence = t.fence + 1, worker_id = $3, claimed_at = now(), started_at = coalesce(t.started_at, now())
  from due
  where t.id = due.task_id and t.id between $6 and $7 and t.state = 'queued'
  returning t.id, t.fence, t.tries, t.deaths >= $5 as suspect, t.cost,
    (extract(epoch from t.deadline - now()) * 1000)::double precision as deadline_in_ms
)
select 'known' as kind, id as task_id, place, genuine, genuine and queued and suspect and turn > $4 as surplus_suspect,
  null as fence, null as tries, null as suspect, null as cost, null as deadline_in_ms
from known
union all
select 'claimed', id, null, null, null, fence, tries, suspect, cost, deadline_in_ms from claimed`)

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

/**
 * Claims many tasks in one statement, and looks up what earlier claims of them left in a second one where there were any. Answers in
 * the order of the offers.
 */
export async function claimTasks(db: Queries, request: ClaimRequest): Promise<readonly Claim[]> {
  const { offers } = request
  const rows = await repeatOnDeadlock(() =>
    db.query<Row>(CLAIM, [
      offers.map((offer) => offer.taskId),
      offers.map((offer) => offer.payloadHash),
      request.workerId,
      request.suspectRoom,
      request.suspectFrom,
      ...rangeOf(offers.map((offer) => offer.taskId)),
    ]),
  )
  const claimed = new Map(rows.flatMap((row) => (row.kind === 'claimed' ? [[row.task_id, row]] : [])))
  const known = new Map(rows.flatMap((row) => (row.kind === 'known' ? [[Number(row.place), row]] : [])))
  const earlier = await readEarlier(
    db,
    [...claimed.values()].flatMap((row) => (row.fence > 1 ? [row.task_id] : [])),
  )
  return offers.map(({ taskId }, at) => claimOf(taskId, known.get(at + 1), claimed.get(taskId), earlier.get(taskId)))
}

/** What earlier claims of a task came to: it is kept however they ended. */
interface Earlier {
  readonly answers: readonly { readonly suggestion: number; readonly answer: string }[]
  readonly calls: readonly EarlierCall[]
}

/* Ids of calls are in the order of their making: what a task has been through goes by that. */
const EARLIER = `
select id as task_id,
  (select json_agg(json_build_object('suggestion', a.suggestion, 'answer', a.answer)) from answers a where a.task_id = id and a.task_id = any($1)) as answers,
  (select json_agg(json_build_object('suggestion', m.suggestion, 'provider', m.provider, 'model', m.model, 'outcome', m.outcome) order by m.call_id)
    from model_calls m where m.task_id = id and m.task_id = any($1) and m.outcome <> 'aborted' and not m.probe) as calls
from unnest($1::uuid[]) as id`

async function readEarlier(db: Queries, taskIds: readonly TaskId[]): Promise<ReadonlyMap<TaskId, Earlier>> {
  if (taskIds.length === 0) return new Map()
  const rows = await db.query<{
    task_id: TaskId
    answers: Earlier['answers'] | null
    calls: Earlier['calls'] | null
  }>(EARLIER, [taskIds])
  return new Map(rows.map((row) => [row.task_id, { answers: row.answers ?? [], calls: row.calls ?? [] }]))
}

const NOTHING_EARLIER: Earlier = { answers: [], calls: [] }

function claimOf(
  taskId: TaskId,
  known: Extract<Row, { kind: 'known' }> | undefined,
  claimed: Extract<Row, { kind: 'claimed' }> | undefined,
  { answers, calls } = NOTHING_EARLIER,
): Claim {
  if (known === undefined) return { kind: 'unknown', taskId }
  if (!known.genuine) return { kind: 'differs', taskId }
  if (claimed === undefined) return { kind: known.surplus_suspect ? 'suspect' : 'skipped', taskId }
  return {
    kind: 'claimed',
    taskId,
    fence: claimed.fence,
    tries: claimed.tries,
    suspect: claimed.suspect,
    cost: claimed.cost,
    answers: new Map(answers.map(({ suggestion, answer }) => [suggestion, answer])),
    calls,
    ...(claimed.deadline_in_ms === null ? {} : { deadlineInMs: claimed.deadline_in_ms }),
  }
}
