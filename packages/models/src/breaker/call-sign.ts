import type { FaultCode } from '@magictask/domain'
import type { Answer } from '../ask.ts'

/**
 * What a call says of the target that was asked.
 *
 * - `works`: it answered, whatever the answer was worth.
 * - `failed`: it did not; it may be the one call, or all of them.
 * - `rate-limited`: it answers others, and does not want more of us now.
 * - `refused`: it will not answer until somebody mends the key or the quota; nor will the provider's other models.
 */
export type CallSign = 'works' | 'failed' | 'rate-limited' | 'refused'

/** Faults that are not the request's own; all others come from a target that works. */
const SIGNS: Partial<Readonly<Record<FaultCode, CallSign>>> = {
  'provider.rate_limited': 'rate-limited',
  'provider.capacity': 'failed',
  'provider.unavailable': 'failed',
  'provider.timeout': 'failed',
  'provider.reset': 'failed',
  'provider.auth_refused': 'refused',
  'provider.quota_exhausted': 'refused',
}

/** What a call says of its target; undefined where it was cut off before it could say anything. */
export function signOf(answer: Answer): CallSign | undefined {
  if (answer.kind === 'aborted') return undefined
  return answer.kind === 'broke' ? (SIGNS[answer.fault] ?? 'works') : 'works'
}
