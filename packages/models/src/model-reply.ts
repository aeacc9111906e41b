import type { TokenUsage } from './ask.ts'

/** What a model sent back, as it came: it is not yet known to be an answer. */
export interface ModelReply {
  readonly text: string
  /** What it said beside the arguments of a tool: the answer where those are none. */
  readonly beside?: string
  /** Why the model stopped, in OpenAI's words: `stop`, `length`, `content_filter`; undefined when it did not say. */
  readonly finishReason: string | undefined
  /** Whether the model declined in words meant for a reader instead of answering. */
  readonly refused: boolean
  readonly usage: TokenUsage
}
