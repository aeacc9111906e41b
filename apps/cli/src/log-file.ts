import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { createLog, type Log, type LogLevel } from '@magictask/runtime'

const ROTATE_BYTES = 10 * 1024 * 1024

/** A log that goes to a file, so that the screen stays readable. Disposing it closes the file. */
export interface LogFile extends Disposable {
  readonly log: Log
}

/** Appends to the file. One that has grown past 10 MiB is put aside first, as `<file>.1`. */
export function openLogFile(file: string, level: LogLevel): LogFile {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > ROTATE_BYTES) renameSync(file, `${file}.1`)
  let handle: number | undefined = openSync(file, 'a', 0o600)
  const write = (line: string) => {
    if (handle === undefined) return
    try {
      writeSync(handle, line)
    } catch {
      // A full disk is no reason for a task to fail.
    }
  }
  return {
    log: createLog({ level, app: 'all-in-one', write }),
    [Symbol.dispose]() {
      if (handle !== undefined) closeSync(handle)
      handle = undefined
    },
  }
}
