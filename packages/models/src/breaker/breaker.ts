import type { TargetState } from '@magictask/domain'

/** When a target is taken out, how long, and how it comes back. */
export const BREAKER = {
  /** Open after so many failures one after another ... */
  failuresInARow: 5,
  /** ... or when more than this share of the calls of the last seconds failed, if there were enough to tell. */
  window: { ms: 10_000, failedShare: 0.5, leastCallsPerSecond: 1 },
  /** How long it stays open before it is probed: at first a second, later a part of the time that it has been away. */
  firstOpenMs: 1_000,
  soonOpenMs: 4_000,
  partOfOutage: 1 / 8,
  mostOpenMs: 8_000,
  /** Until another probe is sent while the first has not come back: it may hang, or its worker may be dead. */
  nextProbeMs: 4_000,
  mostProbes: 8,
  /** Calls at once when it begins to ramp; doubled with every so many that went well. */
  firstRamp: 2,
  /** From here on it is closed. */
  lastRamp: 64,
  /** A ramp without failures ends after this time, whatever there was to do. */
  mostRampMs: 10_000,
  /** Where a provider asks to be left alone and does not say how long. */
  rateLimitedMs: 1_000,
  /** Where it does say so, at most this. */
  mostAskedForMs: 3_600_000,
  /** From one probe to the next while a key is refused or a quota used up. */
  refusedMs: 60_000,
} as const

/**
 * How long a target that has been away for so long stays open: 1 s, doubling to 4 s, and after half a minute an eighth
 * of the outage, at most 8 s. So what was away for 20 s is found again within 4 s, and ten minutes cost some eighty probes.
 */
export function openForMs(awayMs: number): number {
  const { firstOpenMs, soonOpenMs, partOfOutage, mostOpenMs } = BREAKER
  const soon = Math.min(soonOpenMs, Math.max(firstOpenMs, awayMs))
  return Math.max(soon, Math.min(mostOpenMs, awayMs * partOfOutage))
}

/** What to change a target's state to. */
export interface Step {
  readonly state: TargetState['state']
  readonly most?: number
  readonly reason?: string
  readonly untilInMs?: number
}

/** What is known of a target that is not closed, when there is something to decide. */
export interface Away {
  readonly state: Exclude<TargetState['state'], 'closed'>
  readonly most: number
  readonly reason: string | undefined
  /** Since it left `closed`. */
  readonly awayMs: number
  /** Since it came to this state. */
  readonly inStateMs: number
  /** Until an open one is looked at again. */
  readonly untilInMs: number
  /** Calls that went well here, of those that began in this state. */
  readonly worked: number
}

/** What time brings. `wanted`: a call waits that could be the probe; without one a target stays open. */
export function stepByTime(away: Away, wanted: boolean): Step | undefined {
  switch (away.state) {
    case 'open':
      if (away.untilInMs > 0) return undefined
      if (away.reason === RATE_LIMITED) return { state: 'closed' }
      return wanted ? { state: 'probing', most: 1, ...reasonOf(away) } : undefined
    case 'probing':
      return wanted && away.inStateMs >= BREAKER.nextProbeMs && away.most < BREAKER.mostProbes
        ? { state: 'probing', most: away.most + 1, ...reasonOf(away) }
        : undefined
    case 'ramping':
      return stepOfRamp(away)
  }
}

function stepOfRamp(away: Away): Step | undefined {
  if (away.worked > 0 && away.inStateMs >= BREAKER.mostRampMs) return { state: 'closed' }
  if (away.worked < away.most) return undefined
  const most = away.most * 2
  return most > BREAKER.lastRamp ? { state: 'closed' } : { state: 'ramping', most, ...reasonOf(away) }
}

/** What a probe's answer brings: the ramp. */
export function stepOfWorkingProbe(away: Away): Step {
  return { state: 'ramping', most: BREAKER.firstRamp, ...reasonOf(away) }
}

function reasonOf({ reason }: Away): { readonly reason?: string } {
  return reason === undefined ? {} : { reason }
}

/** The reason of a target that asked to be left alone: it works, so it comes back without probes, at the rate that it takes. */
export const RATE_LIMITED = 'rate_limited'

/** Leaves a target alone as long as it asked for. */
export function stepOfRateLimit(retryAfterMs: number | undefined): Step {
  const untilInMs = Math.min(retryAfterMs ?? BREAKER.rateLimitedMs, BREAKER.mostAskedForMs)
  return { state: 'open', reason: RATE_LIMITED, untilInMs }
}

/** Takes a target out, `awayMs` after it last worked, and for no less than it asked for. */
export function stepOfFailure(reason: string, awayMs: number, retryAfterMs: number): Step {
  const untilInMs = Math.max(openForMs(awayMs), Math.min(retryAfterMs, BREAKER.mostAskedForMs))
  return { state: 'open', reason, untilInMs }
}

/** Takes a target out until somebody mends a key or a quota. */
export function stepOfRefusal(reason: string): Step {
  return { state: 'open', reason, untilInMs: BREAKER.refusedMs }
}
