import { Fault, type TenantId } from '@magictask/domain'
import { type Database, repeatOnDeadlock } from '../database.ts'

const DELETE = `
with gone as (
  delete from skus where tenant = $1 and sku = $2 returning sku
)
update sku_catalogues set revision = revision + 1, entries = entries - 1
where tenant = $1 and exists (select from gone)
returning revision`

/** Takes a SKU out of the tenant's catalogue. Throws `sku.not_found`, for another tenant's too. */
export async function deleteSku(db: Database, tenant: TenantId, sku: string): Promise<void> {
  const rows = await repeatOnDeadlock(() => db.query(DELETE, [tenant, sku]))
  if (rows.length === 0) throw new Fault('sku.not_found')
}
