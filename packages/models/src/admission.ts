import type { CallQueue, Lane, TargetName, TenantId } from '@magictask/domain'
import type { Answer } from './ask.ts'
import type { Target } from './target.ts'

/** What a call needs of whoever answers it. */
export interface Needs {
  /** Prompt and the longest answer, estimated. */
  readonly contextTokens: number
  readonly vision: boolean
}

/** A call that somebody wants to make. */
export interface CallWish {
  readonly queue: CallQueue
  readonly magicType: string
  readonly tenant: TenantId
  readonly lane: Lane
  readonly needs: Needs
  /** Targets that this suggestion is not to be asked of: they broke in a way that another try there would not mend. */
  readonly without: ReadonlySet<TargetName>
}

/** The right to make one call, now. */
export interface Admitted {
  readonly target: Target
  /** Whether the call finds out if the target answers again: then, if it does not, it was no attempt of the task. */
  readonly probe: boolean
  /** Ends the call, once: its slot is free, and what came of it goes to breaker, rates and latencies. */
  end(answer: Answer): void
}

/** A target does not answer. */
export interface Outage {
  /** Until it is looked at again. */
  readonly forMs: number
  /** Whether somebody has to mend a key or a quota first: waiting for that may take days. */
  readonly isRefused: boolean
  /** The revision of the fleet's state of it that this was seen in: with a later one that is not out, it has come back since. */
  readonly revision: number
}

/** Decides which call may be made when, and of whom: routing, the fleet's limits and the breakers in one place. */
export interface Admission {
  /**
   * Waits until the first able candidate is ready and free, in the order of the route; holds nothing meanwhile. Throws the signal's reason when
   * it aborts. `nobody-able`: no configured candidate could ever take it, however long it waited.
   */
  admit(wish: CallWish, signal: AbortSignal): Promise<Admitted | 'nobody-able'>
  /** Like `admit`, but at this moment or not at all: for a call that broke elsewhere and would else wait. */
  admitNow(wish: CallWish): Admitted | undefined
  /** Who could take it, ready or not, in the order in which they would be asked now. */
  candidates(wish: Omit<CallWish, 'tenant' | 'lane'>): readonly Target[]
  /** What is known of a target that does not answer; undefined for one that may be asked, or only wants to be left alone for a while. */
  outage(target: TargetName): Outage | undefined
}
