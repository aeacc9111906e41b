import type { TenantId } from '@magictask/domain'
import type { Queries } from '../database.ts'

/** How many tasks wait, of one tenant and of all. It counts rows: ask at most once a second. */
export async function countWaiting(
  db: Queries,
  tenant: TenantId,
): Promise<{ readonly tenant: number; readonly all: number }> {
  const [row] = await db.query<{ of_tenant: number; of_all: number }>(
    `select (select count(*) from waiting where tenant = $1)::int as of_tenant, (select count(*) from waiting)::int as of_all`,
    [tenant],
  )
  return { tenant: row?.of_tenant ?? 0, all: row?.of_all ?? 0 }
}

/** How many tasks wait, by lane: for the metric. */
export async function countWaitingByLane(
  db: Queries,
): Promise<readonly { readonly lane: string; readonly waiting: number }[]> {
  return db.query(`select lane, count(*)::int as waiting from waiting group by lane`)
}
