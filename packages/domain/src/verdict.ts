import type { Fault, FaultCode } from './fault.ts'

/** Why a task goes back to wait although nothing is wrong with it. */
export type Hold = 'shutdown' | 'no-slot' | 'no-lease'

/** How often a suggestion was asked for so far, over the task's whole life. */
export interface Asked {
  readonly calls: number
  readonly badAnswers: number
}

/**
 * What is known of one suggestion when its turn is over. It reports; it does not steer: whether another
 * attempt follows, and when, is `decide`'s business. `answer` is JSON text.
 */
export type Verdict =
  | { readonly kind: 'done'; readonly answer: string }
  | {
      readonly kind: 'broke'
      readonly fault: FaultCode
      readonly detail: string
      readonly asked: Asked
      readonly retryAfterMs?: number
    }
  | { readonly kind: 'not-yet'; readonly why: Hold }

/** The suggestion has its answer. */
export const done = (answer: string): Verdict => ({ kind: 'done', answer })

/** The last call broke; `asked` counts it. */
export const broke = (fault: Fault, asked: Asked): Verdict => ({
  kind: 'broke',
  fault: fault.code,
  detail: fault.message,
  asked,
  ...(fault.retryAfterMs === undefined ? {} : { retryAfterMs: fault.retryAfterMs }),
})

/** Nothing was asked, through no fault of the task. */
export const notYet = (why: Hold): Verdict => ({ kind: 'not-yet', why })
