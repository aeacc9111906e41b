import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../database.ts'

/** Another live process works in the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
  readonly pid: number

  constructor(folder: string, pid: number) {
    super(`Magictask is already running in ${folder}: process ${pid}`)
    this.pid = pid
  }
}

/**
 * Makes this process the only one that works in `folder`, which is created if need be, until it is disposed. Throws
 * `FolderInUse` naming the process that has it. A process that was killed holds nothing: its claim is taken over.
 */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'process')
  const mine = describe(process.pid)
  while (!wrote(file, mine)) takeAwayIfStale(folder, file)
  return {
    [Symbol.dispose]() {
      if (contentOf(file) === mine) rmSync(file, { force: true })
    },
  }
}

/** A claim appears whole or not at all, which creating a file and then writing to it would not be. */
function wrote(file: string, content: string): boolean {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, content, { mode: 0o644 })
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Whoever takes a stale claim away holds `process.stale` meanwhile: of two that found it, one must not remove the other's new one. */
function takeAwayIfStale(folder: string, file: string): void {
  const claim = contentOf(file)
  if (claim === undefined) return
  const pid = Number.parseInt(claim, 10)
  if (pid > 0 && describe(pid) === claim) throw new FolderInUse(folder, pid)
  const taking = `${file}.stale`
  if (!madeFolder(taking)) {
    if (ageMs(taking) > ABANDONED_MS) rmSync(taking, { recursive: true, force: true })
    return
  }
  if (contentOf(file) === claim) rmSync(file, { force: true })
  rmSync(taking, { recursive: true, force: true })
}

/** Taking a claim away takes no time: one who has been at it for so long was killed in the middle. */
const ABANDONED_MS = 5_000

function madeFolder(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

function ageMs(path: string): number {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** A process by its number and when it began, as numbers are used again; empty when it does not live. */
function describe(pid: number): string {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return ''
  }
  return isZombie(pid) ? '' : `${pid} ${beginningOf(pid)}`.trim()
}

/** Killed, but not yet waited for by its parent: it keeps its number and does nothing any more. */
function isZombie(pid: number): boolean {
  return statFields(pid)?.[0] === 'Z'
}

/** Linux knows when a process began; elsewhere the number has to do. */
function beginningOf(pid: number): string {
  const fields = statFields(pid)
  if (fields === undefined) return ''
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
}

/** What Linux says of a process from its state on: that comes after its name, which may hold anything but ends with the last bracket. */
function statFields(pid: number): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
  } catch {
    return undefined
  }
}
