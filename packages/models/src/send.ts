import type { Clock } from '@magictask/runtime'
import type { AskRequest } from './ask.ts'
import type { ModelReply } from './model-reply.ts'

/** Sends one question to one model, once; throws whatever its client throws. All that a kind of provider has to have. */
export type Send = (request: AskRequest, signal: AbortSignal) => Promise<ModelReply>

/** What every kind is handed. */
export interface SendDeps {
  readonly clock: Clock
}
