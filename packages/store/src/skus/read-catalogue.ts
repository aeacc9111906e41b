import type { TenantId } from '@magictask/domain'
import type { Database, Queries } from '../database.ts'
import { type CatalogueState, catalogueStates } from './catalogue-states.ts'
import type { EmbeddedSku } from './upsert-skus.ts'

/** A SKU as it is stored. */
export interface StoredSku extends EmbeddedSku {
  readonly embeddingModel: string
}

interface Row {
  readonly sku: string
  readonly description: string
  readonly embedding: Buffer
  readonly embedding_model: string
}

const PAGE = 1_000

const READ_PAGE = `
select sku, description, embedding, embedding_model from skus
where tenant = $1 and revision > $2 and sku > $3 order by sku limit ${PAGE}`

/**
 * Reads what a tenant's catalogue got since a revision (0: all of it), page by page, and gives the state that this
 * brings a copy to. All pages show one moment. What was deleted is not told: a copy that then holds more than
 * `entries` has to be made anew.
 */
export async function readCatalogue(
  db: Database,
  asked: { readonly tenant: TenantId; readonly sinceRevision: number },
  onPage: (page: readonly StoredSku[]) => void,
): Promise<CatalogueState> {
  const { tenant, sinceRevision } = asked
  return db.transaction(async (queries) => {
    await queries.query('set transaction isolation level repeatable read, read only')
    const states = await catalogueStates(queries, [tenant])
    for (let after = ''; ; ) {
      const page = await readPage(queries, [tenant, sinceRevision, after])
      onPage(page)
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE) break
      after = last.sku
    }
    return states.get(tenant) ?? { revision: 0, entries: 0 }
  })
}

async function readPage(queries: Queries, values: readonly unknown[]): Promise<readonly StoredSku[]> {
  const rows = await queries.query<Row>(READ_PAGE, values)
  return rows.map(({ embedding_model, ...row }) => ({ ...row, embeddingModel: embedding_model }))
}
