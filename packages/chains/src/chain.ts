import type { TenantId } from '@magictask/domain'
import type { AnswerFormat, Message } from '@magictask/models'
import type { SkuCatalogue } from './sku-catalogue/sku-catalogue.ts'
import type { Candidate } from './sku-catalogue/vector-index.ts'

/** What every chain gets. `params` are the task's own, already within their bounds. */
export interface ChainInput {
  readonly content: string
  readonly params: Readonly<Record<string, unknown>>
  /** What there is to choose from, for a chain whose `context` looks for it. */
  readonly candidates?: readonly Candidate[]
}

/** What chains may look things up in. */
export interface Sources {
  readonly catalogue: Pick<SkuCatalogue, 'candidates'>
}

/** What is looked up: for whom, and about what. */
export interface Subject {
  readonly tenant: TenantId
  readonly content: string
}

/** One magicType: its prompt, the shape of its answers, and what they look like. */
export interface Chain {
  readonly magicType: string
  /** Rises whenever the prompt or the schema changes; recorded with every call. */
  readonly promptVersion: number
  readonly format: AnswerFormat
  /** Looks up what the prompt needs beside the content, once a claim. Left out by chains that need nothing. Throws a `Fault`, or the signal's reason. */
  readonly context?: (
    sources: Sources,
    subject: Subject,
    signal: AbortSignal,
  ) => Promise<Pick<ChainInput, 'candidates'>>
  /** Whether looking that up takes embeddings, which are calls of a model. */
  readonly embeds?: boolean
  /** Renders the prompt. Content goes only into the user part, delimited: it is data, never instructions. */
  readonly prompt: (input: ChainInput) => Promise<readonly Message[]>
  /** Makes the result out of an answer in the format's shape, or refuses it with undefined. Left out: the answer is the result. */
  readonly conclude?: (answer: unknown, input: ChainInput) => unknown
  /** An input and an answer to it: for documents and tests. */
  readonly sample: { readonly content: string; readonly answer: unknown }
  /** What is true of any content, in the same shape: for a task that models answer, but never in that shape. */
  readonly basicAnswer: (input: ChainInput) => unknown
}
