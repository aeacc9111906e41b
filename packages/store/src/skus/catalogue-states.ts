import type { TenantId } from '@magictask/domain'
import type { Queries } from '../database.ts'

/** How far a catalogue has changed, and how much is in it. */
export interface CatalogueState {
  readonly revision: number
  readonly entries: number
}

/** The states of these tenants' catalogues, in one statement. A tenant that never had one is missing. */
export async function catalogueStates(
  db: Queries,
  tenants: readonly TenantId[],
): Promise<ReadonlyMap<TenantId, CatalogueState>> {
  const rows = await db.query<{ tenant: TenantId; revision: string; entries: number }>(
    'select tenant, revision, entries from sku_catalogues where tenant = any($1)',
    [tenants],
  )
  return new Map(rows.map(({ tenant, revision, entries }) => [tenant, { revision: Number(revision), entries }]))
}
