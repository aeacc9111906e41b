import { type Asked, type CallQueue, leastContextTokens, type TargetName, type Verdict } from '@magictask/domain'
import type { Admission } from '@magictask/models'
import type { Outcome } from '@magictask/store'
import { wishOf } from './ask-once.ts'
import type { RunningTask } from './running-tasks.ts'

interface Parts {
  readonly admission: Admission
  /** Whose candidates what is missing waits for. */
  readonly queue: CallQueue
  readonly askedBefore: (suggestion: number) => Asked
}

type Queued = Pick<Extract<Outcome, { state: 'queued' }>, 'counted' | 'waitMs' | 'waitsFor' | 'outRevision'>

/**
 * The wait of a task of which something is missing. Where nobody is left to be asked but targets that are out, it waits for the one
 * that is looked at again first, so that it is seen that it does, and not claimed meanwhile; else it waits for none that is out.
 */
export function waitForReturn(
  { admission, queue, askedBefore }: Parts,
  running: RunningTask,
  { verdicts, wait }: { readonly verdicts: readonly Verdict[]; readonly wait: Queued },
): Queued {
  const { content } = running.task
  const needs = { contextTokens: leastContextTokens([content]), vision: false }
  for (const [suggestion, verdict] of verdicts.entries()) {
    const asked = askedIn(verdict, () => askedBefore(suggestion))
    if (asked === undefined) continue
    const left = admission.candidates(wishOf({ running, queue, needs }, asked.without))
    const out = left.flatMap(({ name }) => outageOf(admission, name))
    const [first] = out.toSorted((a, b) => a.forMs - b.forMs)
    if (first !== undefined && out.length === left.length)
      return { ...wait, waitMs: Math.max(wait.waitMs, first.forMs), waitsFor: first.name, outRevision: first.revision }
  }
  const { waitsFor, ...plain } = wait
  return waitsFor === undefined || admission.outage(waitsFor) !== undefined ? plain : wait
}

function outageOf(admission: Admission, name: TargetName) {
  const outage = admission.outage(name)
  return outage === undefined ? [] : [{ name, ...outage }]
}

/** What a suggestion has been through that had no slot, or met a fault; undefined where something else ended its turn. */
function askedIn(verdict: Verdict, before: () => Asked): Asked | undefined {
  if (verdict.kind === 'broke') return verdict.asked
  if (verdict.kind === 'done') return undefined
  return HELD_BY_TARGETS.has(verdict.why) ? before() : undefined
}

const HELD_BY_TARGETS: ReadonlySet<string> = new Set(['no-slot', 'no-next', 'probe-failed'])
