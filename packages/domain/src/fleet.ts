/*
  What the workers of a fleet share about limits and targets: the words between whoever decides which call may be made
  and whoever keeps what is shared.
*/

import type { Turns } from './fleet-turns.ts'

/** What a worker says of one of the fleet's limits. */
export interface SlotWish {
  readonly name: string
  /** The limit itself: slots of all workers together. */
  readonly cap: number
  /** What it keeps in any case. It has lowered its own use to this before it asks. */
  readonly keep: number
  /** What it would like to hold in all. */
  readonly want: number
  /** Whose turn it is here; only of small limits, where the next slot to be free may be another worker's. */
  readonly turns?: Turns
  /** Whether the others are to hear of that at once. */
  readonly isNews?: boolean
}

/** What a worker holds of a limit from now on. */
export interface SlotGrant {
  readonly name: string
  readonly held: number
  /** What all workers hold beyond the limit: whoever hears of it starts nothing in so many of its slots as they free up. */
  readonly excess: number
  /** What others wait for who hold less than their share: whoever holds more than its own should give back. */
  readonly needed: number
  /** An equal share of the limit for each worker that has use for it; at least 1. */
  readonly share: number
  /** Slots that nobody holds. */
  readonly free: number
  /** Whose turn it is at the other workers. */
  readonly others: readonly Turns[]
}

/** What a worker wants of a bucket of the fleet: requests or tokens. */
export interface RateWish {
  readonly name: string
  /** What flows in by the configuration; undefined where only what was learned from refusals holds. */
  readonly perSecond?: number
  /** How much it holds when it is full; a tenth of a second's worth, at least 1, when left out. */
  readonly burst?: number
  /** What it would like to take. */
  readonly want: number
  /** Less is of no use. A full bucket gives it, whatever its size, and owes the rest to itself. */
  readonly atLeast: number
  /** What calls took beyond what was taken for them before; below 0 gives back. */
  readonly beyond: number
}

/** What a worker was given. */
export interface RateGrant {
  readonly name: string
  readonly taken: number
  /** When there will be more, if it did not get all; 0 when it did. */
  readonly moreInMs: number
  /** What flows in now; undefined without any limit: then everything was given. */
  readonly perSecond?: number
}

/** Everything that a worker trades with the fleet at one moment. No name twice. */
export interface Trade {
  readonly slots: readonly SlotWish[]
  readonly rates: readonly RateWish[]
}

/** What came of a trade. */
export interface Traded {
  readonly slots: readonly SlotGrant[]
  readonly rates: readonly RateGrant[]
}

/** How a target does, as the whole fleet sees it. A target of which nothing is known is closed: it may be asked. */
export interface TargetState {
  readonly name: string
  /** `closed`: asked as usual. `open`: not asked. `probing`: asked by one call at a time. `ramping`: by ever more. */
  readonly state: 'closed' | 'open' | 'probing' | 'ramping'
  /** Calls at once in the whole fleet while it probes or ramps. */
  readonly most?: number
  readonly reason?: string
  /** How long it has not been closed; or how long it has. */
  readonly forMs: number
  /** Until an open one is looked at again; 0 or below once the time has come. */
  readonly untilInMs?: number
  /** An admin's word, whatever is seen. */
  readonly forced?: 'open' | 'closed'
  /** Rises with every change, from 0 for a target of which nothing is known. */
  readonly revision: number
}

/** A change to a target's state. */
export interface TargetChange {
  readonly name: string
  /** The revision that it builds on. */
  readonly seen: number
  readonly state: TargetState['state']
  readonly most?: number
  readonly reason?: string
  readonly untilInMs?: number
  /** Calls a second that it was seen to take; its bucket begins empty. */
  readonly learned?: { readonly name: string; readonly perSecond: number }
}

/** All that workers share about targets. */
export interface TargetStates {
  readonly targets: readonly TargetState[]
  /** What was learned of refusals, by the bucket's name, calls a second. */
  readonly learned: ReadonlyMap<string, number>
  /** How many workers live. */
  readonly workers: number
}
