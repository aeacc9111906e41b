import { FAULTS } from '@magictask/domain'
import { type Database, repeatOnDeadlock } from '../database.ts'
import { ENDING, NOTHING_BILLED, RESULTS_SO_FAR } from './ending.ts'

/** A statement of its own: the next one then sees the waiting row that was written while this one waited for a lock. */
const HOLD = 'select from tasks where id = any($1) order by id for no key update'

const EXPIRE = `
with expired as (
  update tasks t set state = 'expired', finished_at = now()
  where t.id = any($1) and t.state = 'queued' and t.deadline <= now()
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

/** Ends waiting tasks whose deadline has passed, without a call; running ones are their worker's. At most 500 a time; tells how many. */
export async function expireTasks(db: Database): Promise<number> {
  const late = await db.query<{ task_id: string }>(
    'select task_id from waiting where deadline <= now() order by deadline limit $1',
    [AT_ONCE],
  )
  if (late.length === 0) return 0
  const ids = late.map((row) => row.task_id)
  return repeatOnDeadlock(() =>
    db.transaction(async (queries) => {
      await queries.query(HOLD, [ids])
      return (await queries.query(EXPIRE, [ids, ERROR])).length
    }),
  )
}
