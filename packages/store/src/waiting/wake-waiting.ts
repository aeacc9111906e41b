import type { Queries } from '../database.ts'
import { IS_OUT } from '../limits/targets.ts'

const AT_ONCE = 1_000

const WAKE = `
with woken as (
  select w.task_id from targets t cross join lateral (
    select task_id from waiting where waits_for = t.name order by task_id limit ${AT_ONCE} for update skip locked
  ) w
  where not ${IS_OUT} and ($1::text[] is null or t.name = any($1))
  limit ${AT_ONCE}
)
update waiting set due_at = null, waits_for = null where task_id = any(array(select task_id from woken))
returning task_id`

/**
 * Makes due at once what waits for these targets (for any, when none are named), as far as they may be asked again; in the
 * order of age, a thousand at a time. Tells how many: a full thousand means that there may be more.
 */
export async function wakeWaiting(
  db: Queries,
  targets?: readonly string[],
): Promise<{ readonly woken: number; readonly more: boolean }> {
  const { length } = await db.query(WAKE, [targets ?? null])
  return { woken: length, more: length === AT_ONCE }
}
