import type { CallQueue, Candidate, TargetName } from '@magictask/domain'
import type { ModelLimits } from '../config/models-config.ts'

/** A limit of the fleet by its name, and how many calls at once it allows. */
export interface SlotLimit {
  readonly name: string
  readonly cap: number
}

/** The limits that a call takes a slot of, from the widest to the narrowest. What is not limited has none, and costs nothing. */
export function slotLimits(
  limits: ModelLimits,
  call: { readonly queue: CallQueue; readonly magicType: string; readonly candidate: Candidate },
): readonly SlotLimit[] {
  const { queue, magicType, candidate } = call
  const { provider, maxWorkers } = candidate
  const caps = [
    ['all', limits.concurrency],
    [`provider:${provider}`, limits.providers.get(provider)?.concurrency],
    [`queue:${queue}/${provider}`, maxWorkers],
    [`type:${magicType}`, limits.magicTypes.get(magicType)],
  ] as const
  return caps.flatMap(([name, cap]) => (cap === undefined ? [] : [{ name, cap }]))
}

/** A bucket of the fleet by its name, what flows through it in a minute, and whether a call takes one of it or its tokens. */
export interface RateLimit {
  readonly name: string
  readonly perMinute: number
  readonly counts: 'requests' | 'tokens'
}

/** The buckets that a call of a provider takes from. */
export function rateLimits(limits: ModelLimits, provider: string): readonly RateLimit[] {
  const { requestsPerMinute, tokensPerMinute } = limits.providers.get(provider) ?? {}
  const rates = [
    ['requests', requestsPerMinute],
    ['tokens', tokensPerMinute],
  ] as const
  return rates.flatMap(([counts, perMinute]) =>
    perMinute === undefined ? [] : [{ name: `${counts}:${provider}`, perMinute, counts }],
  )
}

/** The limit that holds for a target while it probes or ramps. */
export const targetLimit = (target: TargetName): string => `target:${target}`

/** The bucket of what a target was seen to take a second. */
export const learnedBucket = (target: TargetName): string => `requests:${target}`
