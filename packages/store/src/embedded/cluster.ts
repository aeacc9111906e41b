import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { PostgresPrograms } from './postgres-programs.ts'
import { type RunOptions, runProgram } from './run-program.ts'

/** One database cluster in one folder, and what it takes to start and stop it. */
export interface Cluster {
  readonly folder: string
  readonly programs: PostgresPrograms
  readonly run: RunOptions
  /** Whether what is committed survives a crash of the machine; false is faster, for tests. */
  readonly durable: boolean
}

/** The one user of the cluster, who may do everything in it. */
export const CLUSTER_USER = 'magictask'

const START_LIMIT_S = 300 // replaying the log after a crash takes its time
const STOP_LIMIT_S = 20

/** Creates the cluster if it is not there yet. One that was cut off in the middle is begun again. */
export async function createCluster(cluster: Cluster): Promise<void> {
  const data = dataOf(cluster)
  if (existsSync(join(data, 'PG_VERSION'))) return
  const unfinished = `${data}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { mode: 0o700 })
  writeFileSync(passwordFile(cluster), randomBytes(24).toString('base64url'), { mode: 0o600 })
  const { user } = cluster.run
  for (const path of [unfinished, passwordFile(cluster)]) if (user !== undefined) chownSync(path, user.uid, user.gid)
  await runProgram(cluster.programs.initdb, initdbFlags(cluster, unfinished), cluster.run)
  renameSync(unfinished, data)
}

/** A built-in locale: sorting and letter case are then the same on every machine, with and without LANG. */
function initdbFlags(cluster: Cluster, data: string): readonly string[] {
  return [
    `--pgdata=${data}`,
    `--username=${CLUSTER_USER}`,
    `--pwfile=${passwordFile(cluster)}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(cluster.durable ? [] : ['--no-sync']),
    '--set=listen_addresses=127.0.0.1',
    '--set=unix_socket_directories=',
    '--set=max_connections=200',
  ]
}

/** Starts the server and gives its port once it takes connections. Throws with the end of its log if it does not. */
export async function startCluster(cluster: Cluster, wantedPort?: number): Promise<number> {
  const port = wantedPort ?? (await freePort())
  removeOthersPidFile(cluster)
  const settings = [`-p ${port}`, ...(cluster.durable ? [] : ['-c fsync=off', '-c full_page_writes=off'])].join(' ')
  const args = ['start', '-w', '-t', `${START_LIMIT_S}`, '-D', dataOf(cluster), '-l', logFile(cluster), '-o', settings]
  try {
    await runProgram(cluster.programs.pgCtl, args, cluster.run)
  } catch (cause) {
    throw new Error(`PostgreSQL did not start: ${logTail(cluster)}`, { cause })
  }
  return port
}

/** `fast` ends the connections in good order; `immediate` is a crash: the next start replays the log. */
export async function stopCluster(cluster: Cluster, mode: 'fast' | 'immediate'): Promise<void> {
  const stop = (how: string) =>
    runProgram(
      cluster.programs.pgCtl,
      ['stop', '-w', '-t', `${STOP_LIMIT_S}`, '-D', dataOf(cluster), '-m', how],
      cluster.run,
    )
  await stop(mode).catch((error: unknown) => {
    if (serverOf(cluster) === undefined) return
    if (mode === 'immediate') throw error
    return stop('immediate')
  })
}

/** The server that runs on this cluster's data, left behind by a process that was killed. */
export function serverOf(cluster: Cluster): { readonly pid: number; readonly port: number } | undefined {
  const [pid, , , port] = readIfThere(pidFile(cluster)).split('\n').map(Number)
  if (pid === undefined || port === undefined || !isPostgres(pid)) return undefined
  return { pid, port }
}

/** How to reach a database of the cluster, password included. */
export function clusterUrl(cluster: Cluster, port: number, database: string): string {
  return `postgres://${CLUSTER_USER}:${readFileSync(passwordFile(cluster), 'utf8')}@127.0.0.1:${port}/${database}`
}

/** After a restart of the machine its number may be another program's, and PostgreSQL would take that for itself. */
function removeOthersPidFile(cluster: Cluster): void {
  if (serverOf(cluster) === undefined) rmSync(pidFile(cluster), { force: true })
}

function isPostgres(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return process.platform !== 'linux' || readIfThere(`/proc/${pid}/comm`).trim() === 'postgres'
}

/** Asked of the system, so that several projects can run side by side. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()))
    })
  })
}

const dataOf = (cluster: Cluster) => join(cluster.folder, 'data')
const pidFile = (cluster: Cluster) => join(cluster.folder, 'data', 'postmaster.pid')
const passwordFile = (cluster: Cluster) => join(cluster.folder, 'password')
const logFile = (cluster: Cluster) => join(cluster.folder, 'postgres.log')
const logTail = (cluster: Cluster) => readIfThere(logFile(cluster)).trim().split('\n').slice(-5).join(' | ')

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
