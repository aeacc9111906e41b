import { createRequire } from 'node:module'
import { Fault } from '@magictask/domain'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'

// drizzle's ESM entry costs half a second and 170 MB more at start than the CommonJS one; the types are the same.
const { drizzle }: typeof import('drizzle-orm/node-postgres') = createRequire(import.meta.url)(
  'drizzle-orm/node-postgres',
)

export interface DatabaseOptions {
  readonly url: string
  /** Shown by PostgreSQL beside each connection. */
  readonly name: string
  readonly maxConnections: number
  /** How long the server works on one statement before it gives up, in milliseconds; the client waits half a second more. */
  readonly statementTimeoutMs: number
  /** Told of connections that break while idle; they are replaced by themselves. */
  readonly onIdleError: (error: unknown) => void
}

/** Runs one statement. Rows come as the driver reads them; each verb names the type of its rows. */
export interface Queries {
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
}

/** A pool of connections. Disposing it waits for the statements in hand. */
export interface Database extends Queries, AsyncDisposable {
  /** For queries of single rows. */
  readonly orm: NodePgDatabase
  readonly statementTimeoutMs: number
  /** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result>
}

const CONNECT_TIMEOUT_MS = 2_000
const CLIENT_GRACE_MS = 500

/** Opens no connection yet: the first query does. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.name,
    max: options.maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + CLIENT_GRACE_MS,
    idle_in_transaction_session_timeout: 10_000,
    // Compiling a bulk statement takes seconds, running it milliseconds.
    // And a plan for any values locks every partition there is.
    options: '-c jit=off -c plan_cache_mode=force_custom_plan',
  })
  pool.on('error', options.onIdleError)
  const queries = queriesOn(pool)
  let ended: Promise<void> | undefined
  return {
    ...queries,
    orm: drizzle(pool),
    statementTimeoutMs: options.statementTimeoutMs,
    transaction: (work) => transaction(pool, work),
    [Symbol.asyncDispose]: () => (ended ??= pool.end()),
  }
}

function queriesOn(runner: pg.Pool | pg.PoolClient): Queries {
  return {
    async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      try {
        const name = names.get(text)
        return (await runner.query<Row>({ text, values: [...values], ...(name === undefined ? {} : { name }) })).rows
      } catch (error) {
        throw unavailable(error) ? new Fault('service.unavailable', { cause: error }) : error
      }
    },
  }
}

const names = new Map<string, string>()

/**
 * Marks the text of a statement that is made many times a second, and gives it back: each connection keeps it as it was parsed, and
 * plans it anew for its values. It names its columns: one with `*` is refused as soon as its table has another column.
 */
export function repeated(text: string): string {
  if (!names.has(text)) names.set(text, `repeated ${names.size}`)
  return text
}

async function transaction<Result>(pool: pg.Pool, work: (queries: Queries) => Promise<Result>): Promise<Result> {
  const client = await pool.connect().catch((error: unknown) => {
    throw new Fault('service.unavailable', { cause: error })
  })
  client.on('error', ignore) // a connection that breaks between two statements is reported by the next one
  const queries = queriesOn(client)
  let broken: boolean | undefined
  try {
    await queries.query('begin')
    const result = await work(queries)
    await queries.query('commit')
    return result
  } catch (error) {
    // A connection that timed out in the middle, or whose rollback fails, is in no known state: it is thrown away. The
    // server rolls back by itself then; asking it to would double the wait for one that does not answer.
    broken =
      (error instanceof Fault && error.code === 'service.unavailable') ||
      (await queries.query('rollback').then(
        () => false,
        () => true,
      ))
    throw error
  } finally {
    client.off('error', ignore)
    client.release(broken)
  }
}

const ignore = () => undefined

/** Connection exceptions (08), too many connections (53300), shutdown and cancel (57), and what sockets and the driver say. */
const UNAVAILABLE_CODES = /^(?:08...|53300|57P0[123]|57014|25P03|E[A-Z]{4,})$/
const UNAVAILABLE_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|Cannot use a pool after/

function unavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  return (code !== undefined && UNAVAILABLE_CODES.test(code)) || UNAVAILABLE_MESSAGES.test(error.message)
}

/** The SQLSTATE or system code of an error, where it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

const DEADLOCK = '40P01'
const SERIALIZATION = '40001'
const DEADLOCK_TRIES = 5

/** Repeats bulk writes that met a deadlock: they touch rows in id order, so this is rare and ends. */
export async function repeatOnDeadlock<Result>(write: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await write()
    } catch (error) {
      const code = codeOf(error)
      if ((code !== DEADLOCK && code !== SERIALIZATION) || tries === DEADLOCK_TRIES) throw error
    }
  }
}

/** Whether the database answers. Throws `service.unavailable` when it does not. */
export async function ping(db: Queries): Promise<void> {
  await db.query('select 1')
}
