import { FAULTS, firstIdAt } from '@magictask/domain'
import { type Database, type Queries, repeatOnDeadlock } from '../database.ts'
import { IS_OUT } from '../limits/targets.ts'
import { ENDING, NOTHING_BILLED, RESULTS_SO_FAR } from './ending.ts'

/** A statement of its own: the next one then sees the waiting row that was written while this one waited for a lock. */
const HOLD = 'select from tasks where id = any($1) order by id for no key update'

/** A queue or a target that is out for less than this is not given up: breakers open and close. */
const OUT_BEFORE = `now() - interval '1 min'`
const QUEUES_OUT = `select r.queue from release_room r where r.out_since < ${OUT_BEFORE}`
const TARGETS_OUT = `select t.name from targets t where ${IS_OUT} and t.since < ${OUT_BEFORE}`

/* Who is given up is looked at again: meanwhile the queue, or the target, may have come back. */
const EXPIRE = `
with expired as (
  update tasks t set state = 'expired', finished_at = now()
  where t.id = any($1) and t.state = 'queued' and (t.deadline <= now() or t.deadline is null and t.id < $3 and (
    t.queue in (${QUEUES_OUT})
    or t.id in (select task_id from waiting where task_id = any($1) and waits_for in (${TARGETS_OUT}))
  ))
  returning t.id, t.batch_id
),
unqueued as (
  delete from waiting w using expired e where w.task_id = e.id
),
ended as (
  select t.id as task_id, t.batch_id, 'expired' as status, ${RESULTS_SO_FAR} as results, $2::text as error,
    false as degraded, null::text as degraded_reason, false as cached, null::text as provider, null::text as model
  from expired t
),
${NOTHING_BILLED},
${ENDING}
select task_id from ended`

const ERROR = JSON.stringify({ code: 'task.expired', detail: FAULTS['task.expired'].says })
const AT_ONCE = 500

/** How long a task without a deadline waits for those who do not answer. */
const GIVEN_UP_AFTER_MS = 24 * 60 * 60 * 1_000

/**
 * Ends waiting tasks whose deadline has passed, and those without one that were submitted a day ago and wait for a queue that
 * nobody may answer, or for a target that is out; without a call. Running ones are their worker's. At most 500 of each a time;
 * tells how many.
 */
export async function expireTasks(db: Database): Promise<number> {
  const late = await pastDeadline(db)
  const { taskIds, oldest } = await givenUp(db)
  const ids = [...late, ...taskIds]
  if (ids.length === 0) return 0
  return repeatOnDeadlock(() =>
    db.transaction(async (queries) => {
      await queries.query(HOLD, [ids])
      return (await queries.query(EXPIRE, [ids, ERROR, oldest])).length
    }),
  )
}

async function pastDeadline(db: Queries): Promise<readonly string[]> {
  const rows = await db.query<{ task_id: string }>(
    'select task_id from waiting where deadline <= now() order by deadline limit $1',
    [AT_ONCE],
  )
  return rows.map((row) => row.task_id)
}

interface Out {
  readonly now_ms: number
  readonly queues: readonly string[]
  readonly targets: readonly string[]
}

const OUT = `
select (extract(epoch from now()) * 1000)::double precision as now_ms,
  array(${QUEUES_OUT}) as queues, array(${TARGETS_OUT}) as targets`

const GIVEN_UP = `
(select task_id from waiting where task_id < $1 and deadline is null and queue = any($2) order by task_id limit ${AT_ONCE})
union
(select task_id from waiting where task_id < $1 and deadline is null and waits_for = any($3) order by task_id limit ${AT_ONCE})`

/** `oldest`: the smallest id of those that are not given up yet, by the database's clock. */
async function givenUp(db: Queries): Promise<{ readonly taskIds: readonly string[]; readonly oldest: string }> {
  const [out] = await db.query<Out>(OUT)
  if (out === undefined) throw new Error('A select without a table gave no row')
  const { now_ms, queues, targets } = out
  const oldest = firstIdAt(Math.floor(now_ms) - GIVEN_UP_AFTER_MS)
  if (queues.length === 0 && targets.length === 0) return { taskIds: [], oldest }
  const rows = await db.query<{ task_id: string }>(GIVEN_UP, [oldest, queues, targets])
  return { taskIds: rows.map((row) => row.task_id), oldest }
}
