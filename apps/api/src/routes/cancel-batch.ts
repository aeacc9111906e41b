import { batchText, cancelBatchSpec, readBatchId } from '@magictask/contracts'
import { batchStatus, Fault } from '@magictask/domain'
import { cancelBatch, type Database } from '@magictask/store'
import type { GuardedRoute } from '../route.ts'

/** POST /batches/{batch_id}/cancel */
export function cancelBatchRoute(deps: { readonly db: Database }): GuardedRoute {
  return {
    spec: cancelBatchSpec,
    handle: async ({ request, response, caller }) => {
      const { cancelled, batch } = await cancelBatch(deps.db, caller.tenant, readBatchId(request.params.batch_id))
      if (cancelled === 0 && batch.finishedAt !== undefined) {
        throw new Fault('task.already_ended', { facts: { batch_status: batchStatus(batch.counts) } })
      }
      response.type('json').send(batchText(batch))
    },
  }
}
