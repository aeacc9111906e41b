import { FAULTS, firstIdAt } from '@magictask/domain'
import { type Database, type Queries, repeatOnDeadlock } from '../database.ts'
import { ENDING, NOTHING_BILLED, RESULTS_SO_FAR } from './ending.ts'

/** A statement of its own: the next one then sees the waiting row that was written while this one waited for a lock. */
const HOLD = 'select from tasks where id = any($1) order by id for no key update'

const EXPIRE = `
with expired as (
  update tasks t set state = 'expired', finished_at = now()
  where t.id = any($1) and t.state = 'queued' and (t.deadline <= now() or t.deadline is null and t.id < $3)
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

/** How long a task without a deadline waits for a queue that nobody may answer. */
const GIVEN_UP_AFTER_MS = 24 * 60 * 60 * 1_000
/** A queue that nobody may answer for less than this is not given up: breakers open and close. */
const OUT_FOR = `interval '1 min'`

/**
 * Ends waiting tasks whose deadline has passed, and those without one that were submitted a day ago and wait for a queue that
 * nobody may answer; without a call. Running ones are their worker's. At most 500 of each a time; tells how many.
 */
export async function expireTasks(db: Database, now: Date): Promise<number> {
  const oldest = firstIdAt(now.getTime() - GIVEN_UP_AFTER_MS)
  const ids = [...(await pastDeadline(db)), ...(await givenUp(db, oldest))]
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

/** `oldest`: the smallest id of those that are not given up yet. */
async function givenUp(db: Queries, oldest: string): Promise<readonly string[]> {
  const queues = await db.query<{ queue: string }>(
    `select queue from release_room where out_since < now() - ${OUT_FOR}`,
  )
  if (queues.length === 0) return []
  const rows = await db.query<{ task_id: string }>(
    'select task_id from waiting where task_id < $1 and deadline is null and queue = any($2) order by task_id limit $3',
    [oldest, queues.map((row) => row.queue), AT_ONCE],
  )
  return rows.map((row) => row.task_id)
}
