import type { TenantId } from '@magictask/domain'
import type { Queries } from '../database.ts'

/** How many tasks wait, of one tenant or of all. It counts rows, and takes the longer the more there are. */
export async function countWaiting(db: Queries, tenant?: TenantId): Promise<number> {
  const [row] = await (tenant === undefined
    ? db.query<{ waiting: number }>('select count(*)::int as waiting from waiting')
    : db.query<{ waiting: number }>('select count(*)::int as waiting from waiting where tenant = $1', [tenant]))
  return row?.waiting ?? 0
}

/** How many tasks wait, by lane: for the metric. */
export async function countWaitingByLane(
  db: Queries,
): Promise<readonly { readonly lane: string; readonly waiting: number }[]> {
  return db.query(`select lane, count(*)::int as waiting from waiting group by lane`)
}
