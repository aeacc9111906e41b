import { readBatchId } from '@magictask/contracts'
import { Fault, type TenantId } from '@magictask/domain'
import { type BatchView, type Database, getBatch } from '@magictask/store'

/** The tenant's batch of this id. Throws `batch.not_found`, for another tenant's and for what is no id too. */
export async function mustFindBatch(db: Database, tenant: TenantId, id: unknown): Promise<BatchView> {
  const batch = await getBatch(db, tenant, readBatchId(id))
  if (batch === undefined) throw new Fault('batch.not_found')
  return batch
}
