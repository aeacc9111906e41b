import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { codeOf } from './database.ts'

const DUPLICATE_DATABASE = '42P04'
const CONNECT_TIMEOUT_MS = 5_000

/** Creates the database if it is not there yet; several may ask at once. `adminUrl` names a user who may. */
export async function createDatabaseNamed(adminUrl: string, name: string): Promise<void> {
  await asAdmin(adminUrl, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name])
    if (rowCount === 1) return
    try {
      await client.query(`create database ${pg.escapeIdentifier(name)}`)
    } catch (error) {
      if (codeOf(error) !== DUPLICATE_DATABASE) throw error
    }
  })
}

/** A database that goes away with whoever asked for it. */
export interface TemporaryDatabase extends AsyncDisposable {
  readonly url: string
}

/** A new database under a random name, a copy of `template` if one is given. Disposing it drops it, connections and all. */
export async function createTemporaryDatabase(
  adminUrl: string,
  options: { readonly template?: string } = {},
): Promise<TemporaryDatabase> {
  const name = `magictask_${randomBytes(8).toString('hex')}`
  const template = pg.escapeIdentifier(options.template ?? 'template1')
  await asAdmin(adminUrl, (client) => client.query(`create database ${pg.escapeIdentifier(name)} template ${template}`))
  return {
    url: urlOf(adminUrl, name),
    async [Symbol.asyncDispose]() {
      await dropDatabase(adminUrl, name)
    },
  }
}

/** Drops the database if it is there, ending the connections that it still has. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await asAdmin(adminUrl, (client) => client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`))
}

/** The same server and user, another database. */
export function urlOf(adminUrl: string, name: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}

async function asAdmin(adminUrl: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => undefined) // a connection that breaks is reported by the query that was on it
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
