import { Fault } from '@magictask/domain'
import { API_BASE, type RouteSpec } from './route-spec.ts'
import { Sku } from './sku-item.ts'

/** A SKU as it stands in a path, decoded. What cannot be one is one that does not exist. */
export function readSku(text: unknown): string {
  const sku = Sku.safeParse(text)
  if (sku.success) return sku.data
  throw new Fault('sku.not_found')
}

/** DELETE /skus/{sku} */
export const deleteSkuSpec = {
  method: 'delete',
  path: `${API_BASE}/skus/{sku}`,
  operationId: 'deleteSku',
  summary: 'Takes a SKU out of the catalogue. Results that name it stay as they are.',
  scope: 'generate',
  answers: { 204: { description: 'It is gone. No task from now on sees it.' } },
  faults: ['sku.not_found'],
} as const satisfies RouteSpec
