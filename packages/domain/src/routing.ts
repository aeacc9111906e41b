import type { CallQueue } from './lane.ts'

/** One model of one provider, as `provider/model`: what a route names, a breaker guards and a call is asked of. */
export type TargetName = `${string}/${string}`

/** How a route orders its candidates. */
export const STRATEGIES = ['priority', 'cost', 'speed', 'quality'] as const
export type Strategy = (typeof STRATEGIES)[number]

/** How candidates of equal rank share. */
export const BALANCES = ['weighted-round-robin', 'least-connections', 'fastest-response'] as const
export type Balance = (typeof BALANCES)[number]

/** Who may answer the tasks of a queue. */
export interface Candidate {
  readonly target: TargetName
  readonly provider: string
  readonly model: string
  /** The lowest is asked first; equal ones share. */
  readonly priority: number
  /** Its share among equals. */
  readonly weight: number
  /** Calls at once for this queue at this provider, in the whole fleet; without it only the other limits hold. */
  readonly maxWorkers?: number
}

/** The candidates of a queue, and how one is chosen. */
export interface Route {
  readonly queue: CallQueue
  readonly strategy: Strategy
  readonly balance: Balance
  readonly candidates: readonly Candidate[]
}

/** What is known of a candidate at this moment; undefined where nobody knows. */
export interface CandidateFacts {
  /** Calls under way. */
  readonly inFlight: number
  /** Calls that it was given lately, by whatever measure is the same for all: for the weighted round robin. */
  readonly served: number
  readonly latencyMs: number | undefined
  /** What as many tokens cost at each of them. */
  readonly costMicroUsd: number | undefined
  /** The higher, the better. */
  readonly quality: number | undefined
}

/**
 * The candidates of a route in the order in which they are to be asked: by the strategy, then, among equals, by the
 * balance, then as they stand in the route. Pure: who is ready, able and free is the caller's business.
 */
export function inOrder(route: Route, factsOf: (candidate: Candidate) => CandidateFacts): readonly Candidate[] {
  const known = route.candidates.map((candidate) => ({ candidate, facts: factsOf(candidate) }))
  const fastestMs = Math.min(...known.map(({ facts }) => facts.latencyMs ?? LAST))
  return known
    .map(({ candidate, facts }) => ({
      candidate,
      rank: RANKS[route.strategy](candidate, facts, fastestMs),
      load: LOADS[route.balance](candidate, facts),
    }))
    .sort((a, b) => compare(a.rank, b.rank) || compare(a.load, b.load))
    .map(({ candidate }) => candidate)
}

const LAST = Number.POSITIVE_INFINITY
/** So that what was never measured is measured. */
const FIRST = Number.NEGATIVE_INFINITY

/** Lower is asked first; equal ones share. */
const RANKS: Readonly<Record<Strategy, (candidate: Candidate, facts: CandidateFacts, fastestMs: number) => number>> = {
  priority: ({ priority }) => priority,
  cost: (_, { costMicroUsd = LAST }) => costMicroUsd,
  speed: (_, { latencyMs }, fastestMs) => (latencyMs === undefined ? FIRST : speedClass(latencyMs, fastestMs)),
  quality: (_, { quality }) => (quality === undefined ? LAST : -quality),
}

/** Lower is asked first. */
const LOADS: Readonly<Record<Balance, (candidate: Candidate, facts: CandidateFacts) => number>> = {
  'weighted-round-robin': ({ weight }, { served }) => (served + 1) / weight,
  'least-connections': ({ weight }, { inFlight }) => (inFlight + 1) / weight,
  'fastest-response': (_, { latencyMs = FIRST }) => latencyMs,
}

/** No two models are equally fast: those within a quarter of the fastest count as equal to it, or one would get every call. */
function speedClass(latencyMs: number, fastestMs: number): number {
  return Math.floor(Math.log(Math.max(1, latencyMs) / Math.max(1, fastestMs)) / Math.log(1.25))
}

/** Infinities have no difference. */
function compare(a: number, b: number): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** A measured value in which what is older counts for less. */
export interface DecayedMean {
  readonly value: number
  readonly atMs: number
}

/** How long until a measurement counts for a third of a new one. */
const FADES_IN_MS = 30_000
/** A new measurement counts for this much at least, however soon after another it comes. */
const LEAST_SHARE = 0.1

/** The mean with one more measurement; the first one is the mean. */
export function withMeasured(mean: DecayedMean | undefined, value: number, nowMs: number): DecayedMean {
  if (mean === undefined) return { value, atMs: nowMs }
  const share = Math.max(LEAST_SHARE, 1 - Math.exp(-Math.max(0, nowMs - mean.atMs) / FADES_IN_MS))
  return { value: mean.value + share * (value - mean.value), atMs: nowMs }
}
