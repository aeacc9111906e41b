import { type Asked, leastContextTokens, type Verdict } from '@magictask/domain'
import type { Admission } from '@magictask/models'
import type { Outcome } from '@magictask/store'
import { wishOf } from './ask-once.ts'
import type { RunningTask } from './running-tasks.ts'

/** As often as a refused target is probed. Its return wakes the task before that. */
const WAIT_MS = 60_000

interface Parts {
  readonly admission: Admission
  readonly askedBefore: (suggestion: number) => Asked
}

type Queued = Pick<Extract<Outcome, { state: 'queued' }>, 'counted' | 'waitMs' | 'waitsFor'>

/**
 * The wait of a task of which something is missing. Where nobody is left to be asked but targets that are out until somebody mends
 * a key or a quota, it waits for such a one, so that it is seen that it does, and not claimed meanwhile; else it waits for none of them.
 */
export function waitBesideRefused(
  { admission, askedBefore }: Parts,
  running: RunningTask,
  { verdicts, wait }: { readonly verdicts: readonly Verdict[]; readonly wait: Queued },
): Queued {
  const { content } = running.task
  const needs = { contextTokens: leastContextTokens([content]), vision: false }
  for (const [suggestion, verdict] of verdicts.entries()) {
    const asked = askedIn(verdict, () => askedBefore(suggestion))
    if (asked === undefined) continue
    const [first, ...others] = admission.candidates(wishOf({ running, needs }, asked.without))
    const areRefused = first !== undefined && [first, ...others].every(({ name }) => admission.isRefused(name))
    if (areRefused) return { ...wait, waitMs: Math.max(wait.waitMs, WAIT_MS), waitsFor: first.name }
  }
  const { waitsFor, ...plain } = wait
  return waitsFor === undefined || admission.isRefused(waitsFor) ? plain : wait
}

/** What a suggestion has been through that had no slot, or met a fault; undefined where something else ended its turn. */
function askedIn(verdict: Verdict, before: () => Asked): Asked | undefined {
  if (verdict.kind === 'broke') return verdict.asked
  if (verdict.kind === 'done') return undefined
  return HELD_BY_TARGETS.has(verdict.why) ? before() : undefined
}

const HELD_BY_TARGETS: ReadonlySet<string> = new Set(['no-slot', 'no-next', 'probe-failed'])
