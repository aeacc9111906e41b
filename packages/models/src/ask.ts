import type { CallId, FaultCode } from '@magictask/domain'
import type { z } from 'zod'

/** One message of a prompt. */
export interface Message {
  readonly role: 'system' | 'user'
  readonly text: string
}

/** The shape that an answer has to have. Built once a chain, not once a call: providers keep what they derive from it by its identity. */
export interface AnswerFormat {
  /** What the provider sees as the schema's name: letters, digits, `_`, at most 64. */
  readonly name: string
  readonly schema: z.ZodType
}

/** One question to a model: one call of a provider. */
export interface AskRequest {
  readonly callId: CallId
  readonly messages: readonly Message[]
  readonly format: AnswerFormat
  /** Which of the task's suggestions this is for, from 0: the offline provider varies by it. */
  readonly suggestion: number
  readonly conclude?: Conclude
}

/**
 * Makes the result out of an answer in the format's shape, for what a schema cannot say because it differs from task
 * to task. Undefined refuses the answer: it does not fit, as if it had the wrong shape.
 */
export type Conclude = (answer: unknown) => unknown

/** What a provider counted; undefined where it did not say. */
export interface TokenUsage {
  readonly promptTokens?: number
  readonly completionTokens?: number
}

/** What one call came to. It always has its usage: a call that gave nothing usable is paid as well. */
export type Answer = {
  readonly provider: string
  readonly model: string
  readonly usage: TokenUsage
  readonly latencyMs: number
} & (
  | {
      readonly kind: 'answered' /** Valid JSON text in the format's shape, keys in its order; or of what `conclude` made of it. */
      readonly json: string
    }
  | { readonly kind: 'broke'; readonly fault: FaultCode; readonly detail: string; readonly retryAfterMs?: number }
  | { readonly kind: 'aborted' }
)

/**
 * Asks a model once, and never again by itself. Does not throw: what goes wrong is a `broke` answer with its fault;
 * when `signal` aborts, the call's socket is closed and the answer is `aborted`.
 */
export type Ask = (request: AskRequest, signal: AbortSignal) => Promise<Answer>

/** A provider that can be asked, and what start-up prints about it. */
export interface Provider {
  readonly name: string
  readonly model: string
  readonly ask: Ask
}
