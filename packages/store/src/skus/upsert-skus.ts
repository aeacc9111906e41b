import { Fault, type TenantId } from '@magictask/domain'
import { type Database, type Queries, repeatOnDeadlock } from '../database.ts'
import type { CatalogueState } from './catalogue-states.ts'
import type { SkuItem } from './unchanged-skus.ts'

/** A SKU with its place among descriptions, as 32-bit floats in the machine's order. */
export interface EmbeddedSku extends SkuItem {
  readonly embedding: Buffer
}

/** What is written of a catalogue at once. */
export interface CatalogueChange {
  /** No SKU twice; all embeddings of one length. */
  readonly skus: readonly EmbeddedSku[]
  readonly embeddingModel: string
  /** More than so many SKUs a tenant may not have. */
  readonly mostEntries: number
}

const NEXT_REVISION = `
insert into sku_catalogues (tenant, revision, entries) values ($1, 1, 0)
on conflict (tenant) do update set revision = sku_catalogues.revision + 1
returning revision`

// The embeddings come as one run of bytes, which the driver sends as it is; an array of them it would write out in hex.
const UPSERT = `
insert into skus (tenant, sku, description, embedding, embedding_model, revision)
select $1, i.sku, i.description, substring($4::bytea from (i.place::int - 1) * $5::int + 1 for $5::int), $6, $7
from unnest($2::text[], $3::text[]) with ordinality as i (sku, description, place)
order by i.sku
on conflict (tenant, sku) do update
set description = excluded.description, embedding = excluded.embedding,
  embedding_model = excluded.embedding_model, revision = excluded.revision`

const COUNT = `
update sku_catalogues set entries = (select count(*) from skus where tenant = $1) where tenant = $1 returning entries`

/** Rows in one statement: few enough to stay far below the statement's time-out. */
const CHUNK = 1_000

/** Writes SKUs into the tenant's catalogue, all or none, as one revision. Throws `catalogue.full` when they are too many. */
export async function upsertSkus(db: Database, tenant: TenantId, change: CatalogueChange): Promise<CatalogueState> {
  return repeatOnDeadlock(() =>
    db.transaction(async (queries) => {
      const [raised] = await queries.query<{ revision: string }>(NEXT_REVISION, [tenant])
      const revision = Number(raised?.revision)
      for (let from = 0; from < change.skus.length; from += CHUNK)
        await write(queries, tenant, { ...change, revision, skus: change.skus.slice(from, from + CHUNK) })
      const [counted] = await queries.query<{ entries: number }>(COUNT, [tenant])
      const entries = counted?.entries ?? 0
      if (entries > change.mostEntries) throw tooMany(change.mostEntries)
      return { revision, entries }
    }),
  )
}

function write(
  queries: Queries,
  tenant: TenantId,
  { skus, embeddingModel, revision }: CatalogueChange & { readonly revision: number },
) {
  return queries.query(UPSERT, [
    tenant,
    skus.map(({ sku }) => sku),
    skus.map(({ description }) => description),
    Buffer.concat(skus.map(({ embedding }) => embedding)),
    skus[0]?.embedding.length ?? 0,
    embeddingModel,
    revision,
  ])
}

function tooMany(mostEntries: number): Fault {
  return new Fault('catalogue.full', {
    detail: `A catalogue is of at most ${mostEntries} SKUs; with these it would be of more. Nothing was stored.`,
  })
}
