import type { WorkerId } from '@magictask/domain'
import type { Queries } from '../database.ts'

/**
 * Holds these limits for the rest of the transaction, in the order of their names, and the worker's own row: a rescue
 * that wants to delete it waits, and then finds what this transaction wrote. False when that row is gone already.
 *
 * A statement of its own: one that waits for a lock goes on with the snapshot that it had before, and would count
 * what others held then.
 */
export async function lockLimits(db: Queries, workerId: WorkerId, names: readonly string[]): Promise<boolean> {
  const rows = await db.query<{ living: number }>(
    `with own as (select worker_id from workers where worker_id = $1 for key share),
     locked as materialized (
       select pg_advisory_xact_lock(hashtextextended(name, ${LIMITS_SEED}))
       from unnest($2::text[]) with ordinality as n (name, place) where exists (select from own)
     )
     select (select count(*) from own)::int as living, (select count(*) from locked) as locked,
       set_config('idle_in_transaction_session_timeout', '${FROZEN_AFTER}', true) as frozen_after`,
    [workerId, names.toSorted()],
  )
  return rows[0]?.living === 1
}

/** A worker that freezes between two statements of its trade holds up the others no longer than this. */
const FROZEN_AFTER = '2s'

/** Keeps these locks apart from the other advisory locks of the database. */
const LIMITS_SEED = 7
