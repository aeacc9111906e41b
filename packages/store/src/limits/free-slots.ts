import type { WorkerId } from '@magictask/domain'
import type { Queries } from '../database.ts'
import { CHANNELS } from '../listen.ts'

/*
  A trade under way holds its worker's row, so the deletion of that row, which comes first, has waited for it: nothing
  is written under these names any more.
*/
const FREE = `
with freed as (
  delete from slots_held where worker_id = any($1::uuid[]) returning name, held
)
select pg_notify('${CHANNELS.limits}', name) from (select distinct name from freed where held > 0) f
where exists (select from slots_held s where s.name = f.name and s.wanted > 0 and s.worker_id <> all($1::uuid[]))`

/** Frees what these workers held of all limits, and tells whoever waits for it. Their rows of `workers` have to be gone, in the same transaction. */
export async function freeSlots(db: Queries, workerIds: readonly WorkerId[]): Promise<void> {
  if (workerIds.length > 0) await db.query(FREE, [workerIds])
}
