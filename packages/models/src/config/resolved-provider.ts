import type { Capabilities, Price } from '../target.ts'
import { CAPABILITY_OF, KIND_ABILITIES } from './kind-abilities.ts'
import type { CallTimeouts, ModelConfig, ProviderConfig, Quirks } from './models-config.ts'
import type { ModelEntry, ProviderEntry } from './models-file.ts'

/** A provider as its entry says, with every default filled in. */
export function resolvedProvider(name: string, entry: ProviderEntry, apiKey: string): ProviderConfig {
  const models = new Map(modelNames(entry).map((model) => [model, resolvedModel(model, entry)]))
  return {
    name,
    kind: entry.kind,
    apiKey,
    models,
    timeouts: { ...TIMEOUTS, ...defined(entry.timeouts ?? {}) },
    maxAnswerBytes: entry.maxAnswerBytes ?? FOUR_MIB,
    ...(entry.baseUrl === undefined ? {} : { baseUrl: entry.baseUrl }),
  }
}

/** What answers where nothing is configured. */
export function offlineProvider(): ProviderConfig {
  const models = { [OFFLINE_MODEL]: { price: FREE } }
  const entry: ProviderEntry = { kind: 'openai-compatible', models, model: OFFLINE_MODEL }
  return { ...resolvedProvider('offline', entry, ''), kind: 'offline' }
}

/** The one model of the offline provider. */
export const OFFLINE_MODEL = 'rules-1'

/** Nobody is asked, so nobody is paid. */
const FREE = { inputUsd: 0, outputUsd: 0, asOf: '2026-11-23', source: 'packages/models/src/kinds/offline.ts' }

/** Every model of a provider: its default one first, which need not be described. */
export function modelNames(entry: ProviderEntry): readonly string[] {
  const named = Object.keys(entry.models)
  return entry.model === undefined ? named : [entry.model, ...named.filter((name) => name !== entry.model)]
}

/** What holds where neither a model nor its provider says otherwise: OpenAI's own way. */
const QUIRKS: Omit<Quirks, 'schemaInPrompt'> = {
  maxTokensField: 'max_tokens',
  temperature: { min: 0, max: 2 },
  toolChoice: 'named',
  usageInStream: 'asked',
  extraBody: {},
}

/** An answer that is no stream may take as long as its task has until it begins, for models reason for long; then all of it is there. */
const TIMEOUTS: CallTimeouts = { bodyMs: 30_000, firstTokenMs: 60_000, betweenTokensMs: 30_000 }
const FOUR_MIB = 4 * 1024 * 1024
const MICRO = 1_000_000

/** A model with what its provider says of all of them. */
export function resolvedModel(name: string, provider: ProviderEntry): ModelConfig {
  const own: ModelEntry = (Object.hasOwn(provider.models, name) ? provider.models[name] : undefined) ?? {}
  const { contextTokens, quality } = own
  const said = { ...defined(provider.capabilities ?? {}), ...defined(own.capabilities ?? {}) }
  const schemaInPrompt = !Object.hasOwn(provider.models, name) || said.strictJsonSchema === undefined
  return {
    name,
    capabilities: resolvedCapabilities(said, provider.kind),
    quirks: { ...QUIRKS, schemaInPrompt, ...defined(provider.quirks ?? {}), ...defined(own.quirks ?? {}) },
    parameters: defined(own.parameters ?? {}),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(quality === undefined ? {} : { quality }),
    ...(own.price === undefined ? {} : { price: resolvedPrice(own.price) }),
  }
}

type CapabilitiesSaid = NonNullable<ModelEntry['capabilities']>

function resolvedCapabilities(said: CapabilitiesSaid, kind: ProviderEntry['kind']): Capabilities {
  const { vision = false, streaming = true } = said
  const { ways } = KIND_ABILITIES[kind]
  const has = (way: keyof typeof CAPABILITY_OF) => way in ways && (said[CAPABILITY_OF[way]] ?? ways[way] ?? false)
  return { structured: [...BEST_FIRST.filter(has), 'text'], vision, streaming }
}

const BEST_FIRST = ['json-schema', 'json-object', 'tool'] as const

/** A price in micro-dollars, as calls are counted. */
export function resolvedPrice({
  inputUsd,
  cachedInputUsd,
  outputUsd,
  asOf,
  source,
}: NonNullable<ModelEntry['price']>): Price {
  return {
    inputMicroUsd: Math.round(inputUsd * MICRO),
    outputMicroUsd: Math.round(outputUsd * MICRO),
    ...(cachedInputUsd === undefined ? {} : { cachedInputMicroUsd: Math.round(cachedInputUsd * MICRO) }),
    ...(asOf === undefined ? {} : { asOf }),
    source: source ?? 'configuration',
  }
}

/** The members that say something: zod gives those that were left out as undefined. */
export function defined<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> }
export function defined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))
}
