import { LIMITS } from '../limits.ts'

const WAIT = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?$/i

/** The seconds of `Prefer: wait=N` (RFC 7240), at most 60; undefined when there is none. A preference that cannot be read is ignored, as the RFC wants. */
export function readWaitSeconds(header: string | undefined): number | undefined {
  for (const preference of header?.split(',') ?? []) {
    const seconds = WAIT.exec(preference)?.[1]
    if (seconds !== undefined) return Math.min(Number(seconds), LIMITS.waitSeconds)
  }
  return undefined
}
