import type { Loop } from './loop.ts'

/** One thing that a process needs, and whether it is there. */
export interface Check {
  readonly name: string
  /** Throws, or gives false, when it is not there. */
  readonly look: () => Promise<boolean> | boolean
}

/** How a process is, check by check; well only if every check passed. */
export interface Health {
  readonly ok: boolean
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[]
  /** What is worth knowing of it, well or not. */
  readonly notes?: readonly Note[]
}

/** How something stands that does not decide whether the process is well. */
export interface Note {
  readonly name: string
  readonly says: string
}

const STUCK_MS = 60_000
const LOOK_MS = 3_000

/** Live: every loop has turned within the last minute. Never asks a database or a broker. */
export function liveness(loops: Iterable<Pick<Loop, 'name' | 'idleMs'>>): Health {
  const checks = [...loops].map((loop) => {
    const idleMs = loop.idleMs()
    return idleMs < STUCK_MS
      ? { name: loop.name, ok: true }
      : { name: loop.name, ok: false, detail: `has not turned for ${Math.round(idleMs / 1000)} s` }
  })
  return { ok: checks.every((check) => check.ok), checks }
}

/** Ready: every check passes, each within three seconds. Notes are shown and decide nothing. */
export async function readiness(checks: readonly Check[], notes: readonly Note[] = []): Promise<Health> {
  const looked = await Promise.all(checks.map(async (check) => ({ name: check.name, ok: await lookAt(check) })))
  const ok = looked.every((check) => check.ok)
  return { ok, checks: looked, ...(notes.length === 0 ? {} : { notes }) }
}

async function lookAt(check: Check): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, LOOK_MS, false)
  })
  try {
    return await Promise.race([Promise.resolve(check.look()), late])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
