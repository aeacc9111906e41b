import { spawn } from 'node:child_process'

/** How a program of PostgreSQL is run. */
export interface RunOptions {
  /** Where it runs: a folder that its user may enter. */
  readonly cwd: string
  /** Another user than ours: PostgreSQL refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

/** A fixed locale and time zone, and none of our secrets. Windows' loader needs the whole environment. */
const ENVIRONMENT = process.platform === 'win32' ? {} : { env: { LC_ALL: 'C', TZ: 'UTC' } }

/**
 * Runs a program to its end. Rejects with what it said when it ends with anything but 0. Does not wait for its
 * output to be closed: the server that `pg_ctl` leaves behind may hold it.
 */
export function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...ENVIRONMENT,
      ...options.user,
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    }
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      child.stdout.destroy()
      child.stderr.destroy()
      if (code === 0) resolve()
      else reject(new Error(`${program} ended with ${signal ?? code}: ${said.trim()}`))
    })
  })
}
