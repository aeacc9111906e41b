import type { WorkerId } from '@magictask/domain'
import type { Queries } from '../database.ts'
import { CHANNELS } from '../listen.ts'

const FORGET = `
with forgotten as (
  update slots_held set wanted = 0 where worker_id = any($1::uuid[]) and wanted > 0 returning name
)
select pg_notify('${CHANNELS.limits}', name) from (select distinct name from forgotten) f`

/**
 * Takes back what these workers want of all limits, so that nobody leaves a slot free for one that may be dead. What they hold
 * stays theirs. One that lives hears of it too, as all do, and says again what it wants.
 */
export async function forgetWishes(db: Queries, workerIds: readonly WorkerId[]): Promise<void> {
  if (workerIds.length > 0) await db.query(FORGET, [workerIds])
}
