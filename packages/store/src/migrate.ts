import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Fault } from '@magictask/domain'
import pg from 'pg'
import { makePartitions } from './partitions.ts'

// The CommonJS entries, for the reason given in `database.ts`.
const load = createRequire(import.meta.url)
const { drizzle }: typeof import('drizzle-orm/node-postgres') = load('drizzle-orm/node-postgres')
const { migrate: runMigrations }: typeof import('drizzle-orm/node-postgres/migrator') = load(
  'drizzle-orm/node-postgres/migrator',
)

const FOLDER = fileURLToPath(new URL('../migrations', import.meta.url))

/** Any number will do, as long as it is this one everywhere. */
const LOCK = 7_205_759_403

/**
 * Brings the database up to this version's schema, with the partitions of the coming week. Several processes may
 * call it at once, on an empty database too: one works, the others wait for it. Throws `service.unavailable` when
 * the database cannot be reached within ten seconds.
 */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'magictask-migrate',
    connectionTimeoutMillis: 10_000,
  })
  client.on('error', () => undefined) // a connection that breaks is reported by the query that was on it
  await client.connect().catch((error: unknown) => {
    throw new Fault('service.unavailable', { cause: error, detail: `PostgreSQL at ${placeOf(url)} cannot be reached.` })
  })
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await client.query("set client_min_messages = 'warning'") // not a notice for each thing that is there already
    await runMigrations(drizzle(client), { migrationsFolder: FOLDER })
    await makePartitions(
      { query: async (text, values) => (await client.query(text, values && [...values])).rows },
      new Date(),
    )
  } finally {
    await client.end()
  }
}

/** Host and database, without the password that may stand before them. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
}
