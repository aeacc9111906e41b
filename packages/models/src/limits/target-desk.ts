import type { Candidate, TargetName } from '@magictask/domain'
import type { CallWish } from '../admission.ts'
import { TargetHealth } from '../breaker/target-health.ts'
import type { Target } from '../target.ts'
import { learnedBucket, targetLimit } from './fleet-limits.ts'
import { RateAccount } from './rate-account.ts'
import { SlotAccount, type SlotAccountDeps } from './slot-account.ts'

/** Everything that is known here of one target, whoever asks it. */
export interface TargetDesk {
  readonly target: Target
  readonly health: TargetHealth
  /** Slots while it probes or ramps. */
  readonly limited: SlotAccount
  /** The phase of its health whose calls hold those slots. */
  limitedPhase: number
  /** What it was seen to take a second; holds while `learnedPerSecond` is known. */
  readonly learned: RateAccount
  learnedPerSecond: number | undefined
  inFlight: number
  /** When a call last would have asked it, and went elsewhere or waits: then somebody is there to probe it. */
  missedAtMs: number
}

export function createTargetDesk(name: TargetName, target: Target, deps: SlotAccountDeps): TargetDesk {
  const health = new TargetHealth(target)
  return {
    target,
    health,
    limited: new SlotAccount(targetLimit(name), 0, deps),
    limitedPhase: health.phase,
    learned: new RateAccount({ name: learnedBucket(name) }),
    learnedPerSecond: undefined,
    inFlight: 0,
    missedAtMs: Number.NEGATIVE_INFINITY,
  }
}

/**
 * Limits a target to what its state allows. Calls that began in an earlier one hold no slot of it: they may hang for long, and
 * would keep out the probe, or the ramp, that finds out whether it is back.
 */
export function limitByState(desk: TargetDesk): void {
  const { health, limited } = desk
  if (health.phase !== desk.limitedPhase) limited.restart()
  desk.limitedPhase = health.phase
  limited.resize(health.openness === 'limited' ? (health.state.most ?? 0) : 0)
}

/** A bucket, and whether a call takes one of it or its tokens. */
export interface RateUse {
  readonly account: RateAccount
  readonly counts: 'requests' | 'tokens'
}

/** Calls of one queue at one provider that are under way here. */
export interface Pool {
  /** `<queue>/<provider>`. */
  readonly name: string
  calls: number
}

/** One candidate for calls of one kind, with all the limits that such a call falls under. */
export interface Choice {
  readonly candidate: Candidate
  readonly desk: TargetDesk
  readonly slots: readonly SlotAccount[]
  readonly rates: readonly RateUse[]
  readonly pool: Pool
  /** Calls that it was given, for the weighted round robin. */
  served: number
}

/** `out`: the target is. `full`: a limit has no room. `unasked`: this worker holds too little of a limit, and the fleet may have more. */
export type Obstacle = 'out' | 'full' | 'unasked'

/** What holds a choice back at this moment; undefined when it can be asked. */
export function obstacleOf(choice: Choice, tokens: number): Obstacle | undefined {
  const { desk, slots, rates } = choice
  const { openness } = desk.health
  if (openness === 'out') return 'out'
  if (desk.learnedPerSecond !== undefined && !desk.learned.covers(1)) return 'full'
  for (const { account, counts } of rates) if (!account.covers(counts === 'tokens' ? tokens : 1)) return 'full'
  let obstacle = openness === 'limited' ? shortageOf(desk.limited) : undefined
  for (const account of slots) obstacle = worse(obstacle, shortageOf(account))
  return obstacle
}

function shortageOf(account: SlotAccount): Obstacle | undefined {
  if (account.hasFree) return undefined
  return account.mayGrow ? 'unasked' : 'full'
}

function worse(one: Obstacle | undefined, other: Obstacle | undefined): Obstacle | undefined {
  return one === 'full' || other === 'full' ? 'full' : (one ?? other)
}

/** What a call took of limits, to be given back at its end. */
export interface Taken {
  readonly choice: Choice
  readonly wish: CallWish
  readonly limited: boolean
  readonly probe: boolean
  readonly phase: number
}

/** Takes what a call needs of a choice that nothing holds back. */
export function take(choice: Choice, wish: CallWish, nowMs: number): Taken {
  const { desk, slots, rates } = choice
  const { health } = desk
  const { contextTokens: tokens } = wish.needs
  const limited = health.openness === 'limited'
  for (const account of slots) account.take(wish)
  for (const { account, counts } of rates) account.take(counts === 'tokens' ? tokens : 1)
  if (limited) desk.limited.take(wish)
  if (desk.learnedPerSecond !== undefined) desk.learned.take(1)
  desk.inFlight += 1
  choice.pool.calls += 1
  choice.served += 1
  health.began(nowMs)
  return { choice, wish, limited, probe: limited && health.state.state === 'probing', phase: health.phase }
}

/** Gives back what a call took; `usedTokens` where the provider counted them. */
export function giveBack({ choice, wish, limited, phase }: Taken, usedTokens: number | undefined): void {
  const { desk, slots, rates } = choice
  for (const account of slots) account.free(wish)
  if (limited && phase === desk.limitedPhase) desk.limited.free(wish)
  desk.inFlight -= 1
  choice.pool.calls -= 1
  if (usedTokens === undefined) return
  for (const { account, counts } of rates)
    if (counts === 'tokens') account.correct(usedTokens - wish.needs.contextTokens)
}

/** How long a missed call stands for somebody who would probe the target. */
const MISSED_FOR_MS = 2_000

/** Whether calls would ask a target now. */
export function isMissed({ missedAtMs }: TargetDesk, nowMs: number): boolean {
  return nowMs - missedAtMs < MISSED_FOR_MS
}
