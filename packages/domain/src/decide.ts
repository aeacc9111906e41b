import { FAULTS, type FaultCode } from './fault.ts'
import { backoffMs, type RetryPolicy } from './retry-policy.ts'
import type { Asked, Verdict } from './verdict.ts'

/** What follows a fault for the one suggestion that met it. */
export type Next =
  | { readonly kind: 'ask-again' }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'give-up' }

/** `asked` counts the call that broke. Pure: the same arguments give the same answer, today and in a replay. */
export function afterFault(fault: FaultCode, asked: Asked, policy: RetryPolicy, retryAfterMs = 0): Next {
  const { remedy } = FAULTS[fault]
  if (remedy === 'give-up' || asked.calls >= policy.maxCalls) return { kind: 'give-up' }
  if (remedy === 'wait') return { kind: 'wait', waitMs: Math.max(retryAfterMs, backoffMs(policy, asked.calls)) }
  return asked.badAnswers >= policy.maxBadAnswers ? { kind: 'give-up' } : { kind: 'ask-again' }
}

/** How a claim of a task ends. `results` are in the order of the suggestions. */
export type Decision =
  | { readonly kind: 'succeeded'; readonly results: readonly string[] }
  | { readonly kind: 'failed'; readonly results: readonly string[]; readonly fault: FaultCode; readonly detail: string }
  | { readonly kind: 'queued'; readonly waitMs: number; readonly counted: boolean }

/**
 * What becomes of a running task once every suggestion has had its turn.
 *
 * All answered: succeeded. One of them beyond hope: failed, with the answers that there are. Else it waits for
 * the longest of its waits; being held up by a shutdown is not the task's fault, so nothing is counted.
 */
export function decide(verdicts: readonly Verdict[], policy: RetryPolicy): Decision {
  const results = verdicts.flatMap((verdict) => (verdict.kind === 'done' ? [verdict.answer] : []))
  let waitMs: number | undefined
  for (const verdict of verdicts) {
    if (verdict.kind !== 'broke') continue
    const next = afterFault(verdict.fault, verdict.asked, policy, verdict.retryAfterMs)
    if (next.kind === 'give-up') return { kind: 'failed', results, fault: verdict.fault, detail: verdict.detail }
    waitMs = Math.max(waitMs ?? 0, next.kind === 'wait' ? next.waitMs : 0)
  }
  if (waitMs !== undefined) return { kind: 'queued', waitMs, counted: true }
  if (results.length < verdicts.length) return { kind: 'queued', waitMs: 0, counted: false }
  return { kind: 'succeeded', results }
}
