import { type BadItem, Fault } from '@magictask/domain'
import { z } from 'zod'
import { badItems } from '../bad-items.ts'
import { LIMITS } from '../limits.ts'
import { invalidBody } from './generate.ts'
import { API_BASE, type RouteSpec } from './route-spec.ts'
import { Sku, SkuDescription } from './sku-item.ts'

/** One entry of a catalogue. */
export const SkuItem = z.strictObject({ sku: Sku, description: SkuDescription }).meta({ id: 'SkuItem' })
export type SkuItem = z.infer<typeof SkuItem>

/** More than allowed are no mistake in the body but too much of it: 413, and so no `maxItems`. */
const SkuItems = z
  .array(SkuItem)
  .min(1)
  .meta({ uniqueItems: true, description: `At most ${LIMITS.skusPerRequest.toLocaleString('en')}, each SKU once.` })

/** Reads entries or throws one fault that names everything wrong with them: the first hundred by pointer, and how many there are. */
export function readSkuItems(body: unknown): readonly SkuItem[] {
  if (!Array.isArray(body) || body.length === 0)
    throw invalidBody([{ pointer: '', detail: 'has to be an array of SKUs, with at least one' }], 1)
  if (body.length > LIMITS.skusPerRequest) {
    throw new Fault('request.too_large', {
      detail: `At most ${LIMITS.skusPerRequest} SKUs can be stored at once; these are ${body.length}.`,
    })
  }
  const items: SkuItem[] = []
  const wrong: BadItem[] = []
  const firstAt = new Map<string, number>()
  for (const [index, given] of body.entries()) {
    const read = SkuItem.safeParse(given)
    if (!read.success) {
      wrong.push(...badItems(read.error.issues, [index]))
      continue
    }
    const first = firstAt.get(read.data.sku)
    if (first === undefined) firstAt.set(read.data.sku, index)
    else wrong.push({ pointer: `/${index}/sku`, detail: `is at /${first} already` })
    items.push(read.data)
  }
  if (wrong.length > 0) throw invalidBody(wrong.slice(0, LIMITS.badItemsListed), wrong.length)
  return items
}

/** What storing SKUs came to. */
export const SkusStored = z
  .strictObject({
    received: z.int().meta({ description: 'SKUs in the request.' }),
    changed: z.int().meta({ description: 'Those that are new or said something else before.' }),
    total: z.int().meta({ description: 'SKUs in the catalogue now.' }),
  })
  .meta({ id: 'SkusStored' })

/** PUT /skus */
export const putSkusSpec = {
  method: 'put',
  path: `${API_BASE}/skus`,
  operationId: 'putSkus',
  summary:
    'Stores SKUs in the catalogue that sku_mapping chooses from, all or none. What is there and not named stays.',
  scope: 'generate',
  body: {
    schema: SkuItems,
    example: [
      { sku: 'AUD-1001-BK', description: '無線藍牙降噪耳機，頭戴式，續航40小時，黑色' },
      { sku: 'KIT-2040', description: 'Stainless steel water bottle, vacuum insulated, 750 ml' },
    ],
  },
  answers: {
    200: { description: 'Stored. Every task from now on sees it.', content: { 'application/json': SkusStored } },
  },
  faults: [
    'request.invalid',
    'request.not_json',
    'request.too_large',
    'request.unsupported_media_type',
    'catalogue.full',
    'embeddings.unavailable',
  ],
} as const satisfies RouteSpec
