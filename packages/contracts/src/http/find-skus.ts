import { z } from 'zod'
import { LIMITS } from '../limits.ts'
import { pageSize } from './page-size.ts'
import { API_BASE, type RouteSpec } from './route-spec.ts'
import { SkuDescription } from './sku-item.ts'

const DEFAULT_LIMIT = 10

/** What to look for in a catalogue, and how much of it to show. */
export const FindSkusQuery = z.strictObject({
  query: SkuDescription.meta({ description: 'A description of a product, as the content of a task would be.' }),
  limit: pageSize({ max: LIMITS.skusFound, otherwise: DEFAULT_LIMIT }),
})

/** What retrieval finds: the closest first. */
export const FoundSkus = z
  .strictObject({
    data: z.array(
      z.strictObject({
        sku: z.string(),
        description: z.string(),
        score: z.number().meta({ description: 'How alike query and description are: 1 at most.' }),
      }),
    ),
  })
  .meta({ id: 'FoundSkus' })

/** GET /skus */
export const findSkusSpec = {
  method: 'get',
  path: `${API_BASE}/skus`,
  operationId: 'findSkus',
  summary: 'The SKUs of the catalogue that are most like a text: what sku_mapping would choose from.',
  scope: 'read',
  query: FindSkusQuery,
  answers: { 200: { description: 'What there is.', content: { 'application/json': FoundSkus } } },
  faults: ['request.invalid', 'embeddings.unavailable'],
} as const satisfies RouteSpec
