import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createDatabaseNamed } from './create-database.ts'
import { type Cluster, clusterUrl, createCluster, serverOf, startCluster, stopCluster } from './embedded/cluster.ts'
import { lockFolder } from './embedded/folder-lock.ts'
import { findPostgresPrograms } from './embedded/postgres-programs.ts'

/** A PostgreSQL of our own. Disposing it stops the server in good order; its data stays. */
export interface EmbeddedPostgres extends AsyncDisposable {
  /** The database `magictask`, password included, on the loopback. */
  readonly url: string
  /** Where the data lies. */
  readonly dataDir: string
  /** Stops the server as a crash would. */
  crash(): Promise<void>
  /** Starts it again after `crash`, on the same port. */
  restart(): Promise<void>
}

interface EmbeddedPostgresOptions {
  readonly dataDir: string
  /** Where the data lies if we are root: PostgreSQL then runs as nobody, which cannot enter a home of mode 0700. */
  readonly rootDataDir: string
  /** Told where things are when that is not where one would look. */
  readonly say?: (line: string) => void
  /** Whether commits survive a crash of the machine; true unless said otherwise. */
  readonly durable?: boolean
}

/** A user without rights of its own on every Unix; it needs no entry in /etc/passwd. */
const NOBODY = { uid: 65_534, gid: 65_534 } as const

/**
 * Starts PostgreSQL on the data in the folder, which is made if it is not there. A server that a killed process left
 * behind is taken over. Throws `FolderInUse` while another process has the folder.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { say = () => undefined, durable = true } = options
  const user = process.getuid?.() === 0 ? NOBODY : undefined
  const folder = user === undefined ? options.dataDir : options.rootDataDir
  if (folder !== options.dataDir)
    say(`As root, PostgreSQL runs as nobody (uid ${NOBODY.uid}) with its data in ${folder}`)

  await using opened = new AsyncDisposableStack()
  prepareFolder(folder, user)
  opened.use(lockFolder(folder))
  const run = { cwd: folder, user }
  const programs = await findPostgresPrograms({ run, copyBelow: dirname(folder), say })
  const cluster: Cluster = { folder, programs, run, durable }
  await createCluster(cluster)
  const port = await startOrTakeOver(cluster)
  opened.defer(() => stopCluster(cluster, 'fast'))
  await createDatabaseNamed(clusterUrl(cluster, port, 'postgres'), 'magictask')

  const open = opened.move()
  return {
    url: clusterUrl(cluster, port, 'magictask'),
    dataDir: folder,
    crash: () => stopCluster(cluster, 'immediate'),
    async restart() {
      await startCluster(cluster, port)
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

function prepareFolder(folder: string, user: Cluster['run']['user']): void {
  const created = mkdirSync(dirname(folder), { recursive: true })
  if (user !== undefined && created !== undefined) chmodSync(dirname(folder), 0o755) // whatever the umask
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
}

/** A survivor that does not answer is stopped the hard way; it may be in the middle of its own end. */
async function startOrTakeOver(cluster: Cluster): Promise<number> {
  const survivor = serverOf(cluster)
  if (survivor === undefined) return startCluster(cluster)
  try {
    await createDatabaseNamed(clusterUrl(cluster, survivor.port, 'postgres'), 'magictask')
    return survivor.port
  } catch {
    await stopCluster(cluster, 'immediate')
    return startCluster(cluster)
  }
}
