import type { Balance, Queue, Route, Strategy, TargetName } from '@magictask/domain'
import type { Capabilities, Price } from '../target.ts'
import type { KINDS } from './models-file.ts'

/** Which models there are, who answers what, and how much at once: read once at start, whole. */
export interface ModelsConfig {
  readonly providers: ReadonlyMap<string, ProviderConfig>
  readonly routes: ReadonlyMap<Queue, Route>
  readonly limits: ModelLimits
  /** Left out where embeddings are made in the process itself, for nothing. */
  readonly embeddings?: EmbeddingsConfig | undefined
}

/** The model that embeds, at a provider that speaks OpenAI's embeddings. */
export interface EmbeddingsConfig {
  readonly provider: string
  readonly model: string
  readonly baseUrl: string
  readonly apiKey: string
  readonly price?: Price
}

/** One provider whose key is there, or that needs none. */
export interface ProviderConfig {
  readonly name: string
  readonly kind: (typeof KINDS)[number] | 'offline'
  /** The kind's own when left out. */
  readonly baseUrl?: string
  readonly apiKey: string
  readonly models: ReadonlyMap<string, ModelConfig>
  readonly timeouts: CallTimeouts
  /** The longest answer that is read. */
  readonly maxAnswerBytes: number
}

/** One model as it is to be asked. */
export interface ModelConfig {
  readonly name: string
  readonly capabilities: Capabilities
  readonly quirks: Quirks
  readonly parameters: Parameters
  readonly contextTokens?: number
  readonly price?: Price
  readonly quality?: number
}

/** Where a model's wire differs from OpenAI's. */
export interface Quirks {
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens'
  /** `fixed` takes no temperature at all. */
  readonly temperature: { readonly min: number; readonly max: number } | 'fixed'
  /** The schema goes into the prompt also where it is sent beside it: nobody knows whether the server looks at it there. */
  readonly schemaInPrompt: boolean
  /** Whether a tool can be demanded by its name, or is only offered. */
  readonly toolChoice: 'named' | 'auto'
  /** Whether a stream says its usage only when it is asked to; some servers do not know the field that asks. */
  readonly usageInStream: 'asked' | 'unasked'
  /** Sent with every request: what turns reasoning off, for one. */
  readonly extraBody: Readonly<Record<string, unknown>>
}

/** Sent with every request where said; a value that the model cannot take is refused at start. */
export interface Parameters {
  readonly temperature?: number
  readonly maxOutputTokens?: number
}

/** How long a call may be silent once it was heard of: the time of the whole is the task's. */
export interface CallTimeouts {
  /** From the second piece of an answer that is no stream to its end. */
  readonly bodyMs: number
  readonly firstTokenMs: number
  readonly betweenTokensMs: number
}

/** Limits of the whole fleet; what is not there is not limited. A queue's at a provider is its candidate's `maxWorkers`. */
export interface ModelLimits {
  /** Calls at once, of all. */
  readonly concurrency?: number
  readonly providers: ReadonlyMap<string, ProviderLimits>
  /** Calls at once, by magicType. */
  readonly magicTypes: ReadonlyMap<string, number>
}

/** Limits of one provider. */
export interface ProviderLimits {
  readonly concurrency?: number
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
}

/** The name of a model of a provider. */
export function targetName(provider: string, model: string): TargetName {
  return `${provider}/${model}`
}

/** How a route chooses where nothing else is said. */
export const CHOICE: { readonly strategy: Strategy; readonly balance: Balance } = {
  strategy: 'priority',
  balance: 'weighted-round-robin',
}
