import type { AnswerFormat, Message } from '@magictask/models'

/** What every chain gets. `params` are the task's own, already within their bounds. */
export interface ChainInput {
  readonly content: string
  readonly params: Readonly<Record<string, unknown>>
}

/** One magicType: its prompt, the shape of its answers, and what they look like. */
export interface Chain {
  readonly magicType: string
  /** Rises whenever the prompt or the schema changes; recorded with every call. */
  readonly promptVersion: number
  readonly format: AnswerFormat
  /** Renders the prompt. Content goes only into the user part, delimited: it is data, never instructions. */
  readonly prompt: (input: ChainInput) => Promise<readonly Message[]>
  /** An input and an answer to it: for documents and tests. */
  readonly sample: { readonly content: string; readonly answer: unknown }
  /** What is true of any content, in the same shape: for a task whose model cannot be had. */
  readonly basicAnswer: (input: ChainInput) => unknown
}
