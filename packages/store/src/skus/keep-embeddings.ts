import type { TenantId } from '@magictask/domain'
import type { Queries } from '../database.ts'
import type { EmbeddedSku } from './upsert-skus.ts'

const KEEP = `
update skus s
set embedding = substring($4::bytea from (i.place::int - 1) * $5::int + 1 for $5::int), embedding_model = $6
from unnest($2::text[], $3::text[]) with ordinality as i (sku, description, place)
where s.tenant = $1 and s.sku = i.sku and s.description = i.description`

/**
 * Keeps embeddings that were made anew, by another model, for descriptions that are still the same. The catalogue
 * says what it said, so its revision stays.
 */
export async function keepEmbeddings(
  db: Queries,
  tenant: TenantId,
  made: { readonly skus: readonly EmbeddedSku[]; readonly embeddingModel: string },
): Promise<void> {
  const { skus, embeddingModel } = made
  await db.query(KEEP, [
    tenant,
    skus.map(({ sku }) => sku),
    skus.map(({ description }) => description),
    Buffer.concat(skus.map(({ embedding }) => embedding)),
    skus[0]?.embedding.length ?? 0,
    embeddingModel,
  ])
}
