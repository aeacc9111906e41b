import type { CallId, FaultCode } from '@magictask/domain'
import type { z } from 'zod'

/** One message of a prompt. `assistant` is what the model itself answered before: only when it is asked to mend it. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
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
  /** Told of every piece of text as it comes. The call is then streamed; its answer is the same. */
  readonly onText?: (delta: string) => void
}

/**
 * Makes the result out of an answer in the format's shape, for what a schema cannot say because it differs from task
 * to task. Undefined refuses the answer: it does not fit, as if it had the wrong shape.
 */
export type Conclude = (answer: unknown) => unknown

/** What a provider counted; undefined where it did not say. */
export interface TokenUsage {
  readonly promptTokens?: number
  /** Of the prompt's, those that the provider had in its cache. */
  readonly cachedTokens?: number
  readonly completionTokens?: number
  /** Of the completion's, those that it thought and did not show. */
  readonly reasoningTokens?: number
}

/** What one call came to. It always has its usage: a call that gave nothing usable is paid as well. */
export type Answer = {
  readonly provider: string
  readonly model: string
  readonly usage: TokenUsage
  /** Undefined while the price, or a count that it needs, is unknown: never 0 for that. */
  readonly costMicroUsd?: number
  readonly latencyMs: number
  /** Until the first piece of text; only of a streamed call. */
  readonly firstTokenMs?: number
} & (
  | {
      readonly kind: 'answered'
      /** Valid JSON text in the format's shape, keys in its order; or of what `conclude` made of it. */
      readonly json: string
      /** It was valid only after it had been mended without a call. */
      readonly mended?: true
    }
  | Broke
  | { readonly kind: 'aborted' }
)

/** A call that gave nothing usable. */
export interface Broke {
  readonly kind: 'broke'
  readonly fault: FaultCode
  readonly detail: string
  readonly retryAfterMs?: number
  /** What an answer that is wrong in itself said, at most 16,000 characters, to have it mended. Never logged, never stored. */
  readonly said?: string
}

/**
 * Asks a model once, and never again by itself. Does not throw: what goes wrong is a `broke` answer with its fault;
 * when `signal` aborts, the call's socket is closed and the answer is `aborted`.
 */
export type Ask = (request: AskRequest, signal: AbortSignal) => Promise<Answer>
