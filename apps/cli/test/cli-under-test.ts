import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '@magictask/store'
import { homeIn } from '../src/home.ts'

/** A run of the command line, in a process of its own. Disposing it kills it. */
export interface Run extends AsyncDisposable {
  readonly child: ChildProcess
  readonly pid: number
  stdout(): string
  stderr(): string
  /** Resolves once its output, either of the two, fits; throws when the process ends before. */
  saying(text: RegExp): Promise<RegExpExecArray>
  /** How it ended: its exit code, or the signal that killed it. */
  readonly exited: Promise<number | NodeJS.Signals>
}

/** A folder to run the command line in, with a database of its own. Disposing it removes everything. */
export interface Project extends AsyncDisposable {
  readonly folder: string
  write(name: string, content: string): Promise<string>
  run(args: readonly string[], options?: RunOptions): Run
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Whether the launcher starts it, as npm would. */
  readonly launcher?: boolean
}

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const LAUNCHER = fileURLToPath(new URL('../../../with-node-24.mjs', import.meta.url))

export async function createProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'magictask-cli-'))
  await chmod(folder, 0o711) // as root PostgreSQL is nobody, who has to pass through
  const runs: Run[] = []
  return {
    folder,
    async write(name, content) {
      await writeFile(join(folder, name), content)
      return join(folder, name)
    },
    run(args, { env = {}, launcher = false } = {}) {
      const program = launcher ? [LAUNCHER, MAIN] : [MAIN]
      const run = watch(spawn(process.execPath, [...program, ...args], { cwd: folder, env: { PATH: '', ...env } }))
      runs.push(run)
      return run
    },
    async [Symbol.asyncDispose]() {
      for (const run of runs) await run[Symbol.asyncDispose]()
      await stopSurvivor(folder)
      await rm(folder, { recursive: true, force: true })
      await rm(homeIn(folder).rootPostgresDir, { recursive: true, force: true })
    },
  }
}

function watch(child: ChildProcess): Run {
  const said = { stdout: '', stderr: '' }
  const ended = new AbortController()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      child.emit('said')
    })
  }
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      ended.abort()
      child.emit('said')
      resolve(signal ?? code ?? 1)
    })
  })
  return {
    child,
    pid: child.pid ?? 0,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    exited,
    saying: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = text.exec(said.stdout) ?? text.exec(said.stderr)
          if (found !== null) resolve(found)
          else if (ended.signal.aborted) reject(new Error(`It ended:\n${said.stdout}\n${said.stderr}`))
          else return
          child.off('said', look)
        }
        child.on('said', look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** What a killed run leaves behind is taken over and stopped in good order. */
async function stopSurvivor(folder: string): Promise<void> {
  const { postgresDir, rootPostgresDir } = homeIn(folder)
  if (!existsSync(postgresDir) && !existsSync(rootPostgresDir)) return
  const postgres = await startEmbeddedPostgres({ dataDir: postgresDir, rootDataDir: rootPostgresDir })
  await postgres[Symbol.asyncDispose]()
}
