import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '@magictask/runtime'
import { startEmbeddedPostgres } from '@magictask/store'

/** A real PostgreSQL for tests. Disposing it ends it and removes its data, if it is ours. */
export interface TestPostgres extends AsyncDisposable {
  /** A user who may create databases, on a database to begin with. */
  readonly url: string
  /** Where it comes from, for the line that a test run prints. */
  readonly how: string
  /** Stops it as a crash would. Throws for one that was handed in: it is not ours to stop. */
  stop(): Promise<void>
  /** Starts it again after `stop`, with the same data on the same port. */
  start(): Promise<void>
}

interface StartPostgresOptions {
  /**
   * Where `POSTGRES_URL` is looked up. Left out: a server of its own, whatever the machine's environment names; what
   * a test needs that stops its database.
   */
  readonly env?: Environment
}

/** The one that `POSTGRES_URL` names, else the embedded one in a temporary folder, without `fsync`. */
export async function startPostgres({ env = {} }: StartPostgresOptions = {}): Promise<TestPostgres> {
  const handedIn = env.POSTGRES_URL ?? ''
  if (handedIn !== '') return handedInPostgres(handedIn)
  const folder = await mkdtemp(join(tmpdir(), 'magictask-postgres-'))
  await chmod(folder, 0o711) // as root the server is nobody, who has to pass through
  const dataDir = join(folder, 'postgres')
  const postgres = await startEmbeddedPostgres({ dataDir, rootDataDir: dataDir, durable: false })
  return {
    url: postgres.url,
    how: 'embedded',
    stop: postgres.crash,
    start: postgres.restart,
    async [Symbol.asyncDispose]() {
      await postgres[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function handedInPostgres(url: string): TestPostgres {
  const notOurs = async () => {
    throw new Error('This PostgreSQL was named by POSTGRES_URL, so a test may not stop or start it')
  }
  return { url, how: 'POSTGRES_URL', stop: notOurs, start: notOurs, async [Symbol.asyncDispose]() {} }
}
