import type { TargetName, TaskId } from '@magictask/domain'
import type { Queries } from '../database.ts'

const PARKED_FOR_MS = 1_000
/** What parked tasks wait for; no target is called so. A type's limit holds back that type, and not its queue. */
export const ROOMS = { ofQueue: 'room', ofType: 'room of its type' } as const

/** A target that does not answer, and how long until it is looked at again. */
export interface AwayFor {
  readonly target: TargetName
  readonly forMs: number
}

/* They were taken from their tenants' shares when they were released, and have cost nothing. Another partition may do better. */
const PARK = `
with held as (
  select task_id from waiting where task_id = any($1) and released_until is not null for update skip locked
),
parked as (
  update waiting set released_until = null, due_at = now() + $3 * interval '1 ms', waits_for = $2
  where task_id = any(array(select task_id from held))
  returning tenant, lane, queue, cost
)
insert into fair_charges (tenant, lane, queue, tokens)
select tenant, lane, queue, -sum(cost) from parked group by tenant, lane, queue`

/**
 * Puts tasks whose records were not claimed, because none could start now, back to wait for a second; or for a target, whose return
 * wakes them. Nothing is counted, and what was claimed, ended or parked by somebody else meanwhile stays as it is.
 */
export async function parkTasks(
  db: Queries,
  taskIds: readonly TaskId[],
  waitFor: keyof typeof ROOMS | AwayFor = 'ofQueue',
): Promise<void> {
  if (taskIds.length === 0) return
  const { target, forMs } = typeof waitFor === 'string' ? { target: ROOMS[waitFor], forMs: PARKED_FOR_MS } : waitFor
  await db.query(PARK, [taskIds, target, forMs])
}
