import { putSkusSpec, readSkuItems } from '@magictask/contracts'
import type { ApiDeps } from '../api-deps.ts'
import { withEmbeddings } from '../embeddings-fault.ts'
import { readJson } from '../read-json.ts'
import type { GuardedRoute } from '../route.ts'

/** PUT /skus */
export function putSkusRoute({ catalogue }: Pick<ApiDeps, 'catalogue'>): GuardedRoute {
  return {
    spec: putSkusSpec,
    handle: async (call) => {
      const { value } = await readJson(call.request)
      const items = readSkuItems(value)
      const written = await withEmbeddings(call, (signal) => catalogue.upsert(call.caller.tenant, items, signal))
      call.response.json({ received: items.length, ...written })
    },
  }
}
