import type { TargetName } from '@magictask/domain'
import type { Ask } from './ask.ts'

/** What a model can do. What it cannot do, it is not asked to do. */
export interface Capabilities {
  /** The ways in which it gives structured answers, the best first; `text` is there always. */
  readonly structured: readonly StructuredWay[]
  readonly vision: boolean
  readonly streaming: boolean
}

/** How a structured answer is asked for: a strict JSON schema, any JSON object, a tool's arguments, or the prompt alone. */
export type StructuredWay = 'json-schema' | 'json-object' | 'tool' | 'text'

/** What a million tokens cost, in micro-dollars, and who said so when. */
export interface Price {
  readonly inputMicroUsd: number
  /** Of tokens that the provider had in its cache; the input's price when left out. */
  readonly cachedInputMicroUsd?: number
  readonly outputMicroUsd: number
  /** The day of the figure, `YYYY-MM-DD`, where it is known, and where it stood. */
  readonly asOf?: string
  readonly source: string
}

/** One model of one provider that can be asked. */
export interface Target {
  readonly name: TargetName
  readonly provider: string
  readonly model: string
  readonly capabilities: Capabilities
  /** Prompt and answer together; undefined where unknown. */
  readonly contextTokens?: number
  readonly price?: Price
  /** For the strategy `quality`: the higher, the better; undefined where nobody ranked it. */
  readonly quality?: number
  /** Another one when it is asked elsewhere, otherwise or with other parameters: then what it answered before is not what it would answer now. */
  readonly fingerprint: string
  readonly ask: Ask
}
