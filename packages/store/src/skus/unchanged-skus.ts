import type { TenantId } from '@magictask/domain'
import type { Queries } from '../database.ts'

/** What a tenant says of one thing it sells. */
export interface SkuItem {
  readonly sku: string
  readonly description: string
}

const UNCHANGED = `
select s.sku from skus s
join unnest($2::text[], $3::text[]) as i (sku, description) on s.sku = i.sku and s.description = i.description
where s.tenant = $1 and s.embedding_model = $4`

/** Those of the items that are stored already as they are, with an embedding of this model: there is nothing to do about them. */
export async function unchangedSkus(
  db: Queries,
  tenant: TenantId,
  asked: { readonly items: readonly SkuItem[]; readonly embeddingModel: string },
): Promise<ReadonlySet<string>> {
  const { items, embeddingModel } = asked
  const columns = [items.map(({ sku }) => sku), items.map(({ description }) => description)]
  const rows = await db.query<{ sku: string }>(UNCHANGED, [tenant, ...columns, embeddingModel])
  return new Set(rows.map(({ sku }) => sku))
}
