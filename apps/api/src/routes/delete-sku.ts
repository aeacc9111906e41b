import { deleteSkuSpec, readSku } from '@magictask/contracts'
import type { ApiDeps } from '../api-deps.ts'
import type { GuardedRoute } from '../route.ts'

/** DELETE /skus/{sku} */
export function deleteSkuRoute({ catalogue }: Pick<ApiDeps, 'catalogue'>): GuardedRoute {
  return {
    spec: deleteSkuSpec,
    handle: async ({ request, response, caller }) => {
      await catalogue.remove(caller.tenant, readSku(request.params.sku))
      response.status(204).end()
    },
  }
}
