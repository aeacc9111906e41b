import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The kernel tells of CPU in hundredths of a second, whatever its own clock. */
const MS_PER_TICK = 10

/** The CPU that a process has used so far, in milliseconds: all its threads, and children that it has waited for. */
export function cpuMsOf(pid: number): number {
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = statOf(pid).slice(11, 15).map(Number)
  return (utime + stime + cutime + cstime) * MS_PER_TICK
}

/** The same of a process and its living children: a PostgreSQL and all its backends, also those that came and went. */
export function cpuMsOfFamily(pid: number): number {
  return cpuMsOf(pid) + childrenOf(pid).reduce((sum, child) => sum + cpuMsOf(child), 0)
}

/** The resident memory of a process, now and at its peak, in MB. */
export function residentMb(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const mb = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN) / 1_024
  return { now: mb('VmRSS'), peak: mb('VmHWM') }
}

/**
 * The process of that name that listens on a port of this machine. Undefined when there is none that we may look at,
 * for a server may be elsewhere or in a container.
 */
export function listenerOn(port: number, named: string): number | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeningSockets(table, port)))
  return processes().find((pid) => statName(pid) === named && holdsOne(pid, sockets))
}

const LISTENING = '0A'

function listeningSockets(table: string, port: number): readonly string[] {
  return readText(`/proc/net/${table}`)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === LISTENING && Number.parseInt(local.split(':')[1] ?? '', 16) === port)
    .map((fields) => `socket:[${fields[9]}]`)
}

function holdsOne(pid: number, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`)))
  } catch {
    return false // it has ended, or is another user's
  }
}

function childrenOf(pid: number): readonly number[] {
  return processes().filter((other) => Number(statOf(other)[1]) === pid)
}

function processes(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** The fields of `stat` after the name, from the state on: a name may hold blanks. Empty when the process has ended. */
function statOf(pid: number): readonly string[] {
  const text = readText(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function statName(pid: number): string {
  return readText(`/proc/${pid}/comm`).trim()
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
