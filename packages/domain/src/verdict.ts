import type { Asked } from './asked.ts'
import type { Fault, FaultCode } from './fault.ts'
import type { TargetName } from './routing.ts'

/** A call that broke. `target` is left out where something else than a model did. */
export interface BrokenCall {
  readonly fault: FaultCode
  readonly target?: TargetName
  /** How long whoever was asked wants to be left alone. */
  readonly retryAfterMs?: number
}

/** Why a task goes back to wait although nothing is wrong with it, and how long it then waits. */
export const HOLD_WAITS_MS = {
  shutdown: 0,
  'no-lease': 0,
  /** Nobody who could answer was ready and free. */
  'no-slot': 0,
  /** It was asked already, and nobody who is left was ready and free: what lets it be claimed again does not know of that. */
  'no-next': 2_000,
  /** It was the call that finds out whether a provider answers again, and it does not. */
  'probe-failed': 1_000,
  /** Whoever could answer gets no more repeated calls than a share of those that go well. */
  'retry-budget': 1_000,
} as const satisfies Readonly<Record<string, number>>
export type Hold = keyof typeof HOLD_WAITS_MS

/** Where an answer comes from. `kept` was paid in an earlier claim of the task; `by` is left out where nobody knows any more. */
export type Origin =
  | {
      readonly kind: 'model' | 'cache' | 'kept'
      readonly by?: { readonly provider: string; readonly model: string }
    }
  /** The chain's own, because models answered wrongly: with what they did in the end. */
  | { readonly kind: 'stand-in'; readonly fault: FaultCode; readonly detail: string }

/**
 * What is known of one suggestion when its turn is over. It reports; it does not steer: whether another
 * attempt follows, and when, is `decide`'s business. `answer` is JSON text.
 */
export type Verdict =
  | { readonly kind: 'done'; readonly answer: string; readonly from: Origin }
  | (BrokenCall & { readonly kind: 'broke'; readonly detail: string; readonly asked: Asked })
  | { readonly kind: 'not-yet'; readonly why: Hold }

/** The suggestion has its answer. */
export const done = (answer: string, from: Origin): Verdict => ({ kind: 'done', answer, from })

/** Something else than a model's call broke; `asked` counts it. */
export const broke = (fault: Fault, asked: Asked): Verdict => ({
  kind: 'broke',
  fault: fault.code,
  detail: fault.message,
  asked,
  ...(fault.retryAfterMs === undefined ? {} : { retryAfterMs: fault.retryAfterMs }),
})

/** Nothing was asked, through no fault of the task. */
export const notYet = (why: Hold): Verdict => ({ kind: 'not-yet', why })
