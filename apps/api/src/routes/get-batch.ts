import { batchText, getBatchSpec } from '@magictask/contracts'
import type { Database } from '@magictask/store'
import { mustFindBatch } from '../find-batch.ts'
import { preferWait } from '../prefer-wait.ts'
import type { GuardedRoute } from '../route.ts'
import { sendState } from '../state-answer.ts'
import type { Waiters } from '../waiters.ts'

/** GET /batches/{batch_id} */
export function getBatchRoute(deps: { readonly db: Database; readonly waiters: Waiters }): GuardedRoute {
  return {
    spec: getBatchSpec,
    handle: async (call) => {
      const find = () => mustFindBatch(deps.db, call.caller.tenant, call.request.params.batch_id)
      let batch = await find()
      if (batch.finishedAt === undefined && (await preferWait(call, deps.waiters, { batch }))) batch = await find()
      sendState(call, { text: batchText(batch), ended: batch.finishedAt !== undefined })
    },
  }
}
