import { FindSkusQuery, findSkusSpec, readQuery } from '@magictask/contracts'
import type { ApiDeps } from '../api-deps.ts'
import { withEmbeddings } from '../embeddings-fault.ts'
import type { GuardedRoute } from '../route.ts'

/** GET /skus */
export function findSkusRoute({ catalogue }: Pick<ApiDeps, 'catalogue'>): GuardedRoute {
  return {
    spec: findSkusSpec,
    handle: async (call) => {
      const { query, limit } = readQuery(FindSkusQuery, call.request.query)
      const { tenant } = call.caller
      const data = await withEmbeddings(call, (signal) => catalogue.candidates({ tenant, text: query, limit, signal }))
      call.response.json({ data })
    },
  }
}
