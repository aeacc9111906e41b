import type { Queue } from './lane.ts'

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
  readonly queue: Queue
  readonly strategy: Strategy
  readonly balance: Balance
  readonly candidates: readonly Candidate[]
}
