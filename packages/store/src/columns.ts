import { createRequire } from 'node:module'

// The CommonJS entries, for the reason given in `database.ts`.
/** drizzle's builders of tables. */
export const core: typeof import('drizzle-orm/pg-core') = createRequire(import.meta.url)('drizzle-orm/pg-core')
const orm: typeof import('drizzle-orm') = createRequire(import.meta.url)('drizzle-orm')

/** drizzle's tag for a piece of SQL. */
export const { sql } = orm

/** A column of bytes. */
export const bytes = core.customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** A moment, by PostgreSQL's clock. */
export const time = (name: string) => core.timestamp(name, { withTimezone: true })

/** What a column of moments holds by default. */
export const now = sql`now()`
