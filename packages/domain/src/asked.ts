import { FAULTS, type FaultCode, isFaultCode } from './fault.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { TargetName } from './routing.ts'

/** Stands in place of a suggestion's number where a call serves all of them, as an embedding of the content does. */
export const ALL_SUGGESTIONS = -1

/** A call for a suggestion that came to an end: of whom, and `answered`, `aborted` or the fault it broke with. */
export interface PastCall {
  readonly target: TargetName
  readonly outcome: string
}

/** What a suggestion has been through, over all candidates and the task's whole life. */
export interface Asked {
  /** Calls that were attempts. */
  readonly calls: number
  /** Answers that were wrong in themselves, by who gave them. */
  readonly badAnswers: ReadonlyMap<TargetName, number>
  /** Who is not asked again for it: another try there would mend nothing. */
  readonly without: ReadonlySet<TargetName>
  /** What the last call that broke broke with. */
  readonly lastFault: FaultCode | undefined
}

/** A suggestion that nobody was asked for. */
export const NEVER_ASKED: Asked = { calls: 0, badAnswers: new Map(), without: new Set(), lastFault: undefined }

/** Counts one call. One that was cut off says nothing, and neither does one that a refused key or an empty quota met. */
export function afterCall(asked: Asked, { target, outcome }: PastCall, policy: RetryPolicy): Asked {
  if (outcome === 'aborted') return asked
  if (!isFaultCode(outcome)) return { ...asked, calls: asked.calls + 1 }
  const { remedy } = FAULTS[outcome]
  const counted = { ...asked, lastFault: outcome, calls: asked.calls + (remedy === 'outlast' ? 0 : 1) }
  if (remedy === 'next-candidate') return { ...counted, without: new Set([...asked.without, target]) }
  if (remedy !== 'repair') return counted

  const bad = (asked.badAnswers.get(target) ?? 0) + 1
  const badAnswers = new Map([...asked.badAnswers, [target, bad]])
  const without = bad < policy.maxBadAnswers ? asked.without : new Set([...asked.without, target])
  return { ...counted, badAnswers, without }
}

/** What a suggestion has been through, from its calls in their order. */
export function askedBy(calls: readonly PastCall[], policy: RetryPolicy): Asked {
  return calls.reduce((asked, call) => afterCall(asked, call, policy), NEVER_ASKED)
}

/** Whether the next call repeats one that the service could not answer: such are bounded by a budget, or an outage would multiply its own load. */
export function isRepetition({ lastFault }: Asked): boolean {
  return lastFault !== undefined && FAULTS[lastFault].remedy === 'wait'
}

/** Whether an outcome says that whoever was asked does not answer now, whatever it is asked: then a probe was no attempt. */
export function saysAway(outcome: string): boolean {
  if (!isFaultCode(outcome)) return false
  const { remedy } = FAULTS[outcome]
  return remedy === 'wait' || remedy === 'outlast'
}
