import type { Asked } from './asked.ts'
import { FAULTS, type FaultCode } from './fault.ts'
import { backoffMs, type RetryPolicy } from './retry-policy.ts'
import type { TargetName } from './routing.ts'
import { type BrokenCall, HOLD_WAITS_MS, type Verdict } from './verdict.ts'

/** What follows a fault for the one suggestion that met it. */
export type Next =
  /** The same target, told what was wrong with its answer. */
  | { readonly kind: 'repair' }
  /** Another candidate, waited for if need be; with none left it is given up. */
  | { readonly kind: 'next-candidate' }
  /** Another candidate if one is ready at this moment; else the task waits so long. */
  | { readonly kind: 'elsewhere-or-wait'; readonly waitMs: number }
  | { readonly kind: 'give-up' }

/** `asked` counts the call that broke. Pure: the same arguments give the same answer, today and in a replay. */
export function afterFault({ fault, target, retryAfterMs = 0 }: BrokenCall, asked: Asked, policy: RetryPolicy): Next {
  const { remedy } = FAULTS[fault]
  const waitFor = (calls: number): Next => {
    return { kind: 'elsewhere-or-wait', waitMs: Math.max(retryAfterMs, backoffMs(policy, calls)) }
  }
  if (remedy === 'outlast') return waitFor(policy.maxCalls)
  if (remedy === 'fail' || isSpent(asked, policy)) return { kind: 'give-up' }
  if (remedy === 'wait') return waitFor(asked.calls)
  const isWorthAnother = remedy === 'repair' && target !== undefined && !asked.without.has(target)
  return isWorthAnother ? { kind: 'repair' } : { kind: 'next-candidate' }
}

/** Whether a suggestion has had all its calls. */
export function isSpent(asked: Asked, policy: RetryPolicy): boolean {
  return asked.calls >= policy.maxCalls
}

/** Whether a suggestion that is given up may get the chain's basic answer: models did answer, wrongly. */
export function mayStandIn(asked: Asked): boolean {
  return asked.badAnswers.size > 0
}

/** How a claim of a task ends. `results` are in the order of the suggestions. */
export type Decision =
  | { readonly kind: 'succeeded'; readonly results: readonly string[] }
  | { readonly kind: 'failed'; readonly results: readonly string[]; readonly fault: FaultCode; readonly detail: string }
  | {
      readonly kind: 'queued'
      readonly waitMs: number
      readonly counted: boolean
      /** Whose return wakes it before that. */
      readonly waitsFor?: TargetName
    }

/**
 * What becomes of a running task once every suggestion has had its turn, and so nobody else is there to be asked now.
 *
 * All answered: succeeded. One of them beyond hope: failed, with the answers that there are. Else it waits for the
 * longest of its waits; being held up is not the task's fault, so nothing is counted for that.
 */
export function decide(verdicts: readonly Verdict[], policy: RetryPolicy): Decision {
  const results = verdicts.flatMap((verdict) => (verdict.kind === 'done' ? [verdict.answer] : []))
  let waitMs = 0
  let broken: BrokenCall | undefined
  for (const verdict of verdicts) {
    if (verdict.kind === 'not-yet') waitMs = Math.max(waitMs, HOLD_WAITS_MS[verdict.why])
    if (verdict.kind !== 'broke') continue
    const next = afterFault(verdict, verdict.asked, policy)
    if (next.kind !== 'elsewhere-or-wait') {
      return { kind: 'failed', results, fault: verdict.fault, detail: verdict.detail }
    }
    if (broken === undefined || next.waitMs > waitMs) broken = verdict
    waitMs = Math.max(waitMs, next.waitMs)
  }
  if (results.length < verdicts.length) {
    const waitsFor = broken?.target
    return { kind: 'queued', waitMs, counted: broken !== undefined, ...(waitsFor === undefined ? {} : { waitsFor }) }
  }
  return { kind: 'succeeded', results }
}
