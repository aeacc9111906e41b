import {
  FAULTS,
  Fault,
  isTerminal,
  type TaskId,
  type TaskStateKind,
  type TenantId,
  type TerminalKind,
} from '@magictask/domain'
import { type Database, repeatOnDeadlock } from '../database.ts'
import { ENDING, NOTHING_BILLED, RESULTS_SO_FAR } from './ending.ts'

/** A statement of its own: the next one then sees the waiting row that a settle wrote while this one waited for it. */
const HOLD = 'select from tasks where id = any($1) and tenant = $2 order by id for no key update'

const CANCEL = `
with cancelled as (
  update tasks t set state = 'cancelled', finished_at = now(), worker_id = null
  where t.id = any($1) and t.tenant = $2 and t.state in ('queued', 'running')
  returning t.id, t.batch_id
),
unqueued as (
  delete from waiting w using cancelled c where w.task_id = c.id
),
ended as (
  select t.id as task_id, t.batch_id, 'cancelled' as status, ${RESULTS_SO_FAR} as results, $3::text as error,
    false as degraded, null::text as degraded_reason, false as cached, null::text as provider, null::text as model
  from cancelled t
),
${NOTHING_BILLED},
${ENDING}
select task_id from ended`

const ERROR = JSON.stringify({ code: 'task.cancelled', detail: FAULTS['task.cancelled'].says })

/** Cancels those of the tenant's tasks that have not ended, and tells how many these were. The worker of a running one aborts its call when it looks. */
export async function cancelTheseTasks(db: Database, tenant: TenantId, ids: readonly string[]): Promise<number> {
  return repeatOnDeadlock(() =>
    db.transaction(async (queries) => {
      await queries.query(HOLD, [ids, tenant])
      return (await queries.query(CANCEL, [ids, tenant, ERROR])).length
    }),
  )
}

/**
 * Cancels a task that has not ended, or says how it had. Of a cancellation and a settle that race, the database lets
 * one through. Throws `task.not_found`, for another tenant's too.
 */
export async function cancelTask(
  db: Database,
  tenant: TenantId,
  taskId: TaskId,
): Promise<{ readonly kind: 'cancelled' } | { readonly kind: 'already-ended'; readonly status: TerminalKind }> {
  if ((await cancelTheseTasks(db, tenant, [taskId])) === 1) return { kind: 'cancelled' }
  const [row] = await db.query<{ state: TaskStateKind }>('select state from tasks where id = $1 and tenant = $2', [
    taskId,
    tenant,
  ])
  if (row === undefined) throw new Fault('task.not_found')
  if (!isTerminal(row.state)) throw new Fault('service.defect', { facts: { task: taskId, state: row.state } })
  return { kind: 'already-ended', status: row.state }
}
