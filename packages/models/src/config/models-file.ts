import { BALANCES, QUEUES, STRATEGIES } from '@magictask/domain'
import { z } from 'zod'

/** How a provider is spoken to. */
export const KINDS = ['openai-compatible', 'anthropic', 'google'] as const

/** What a file may say of models, every field of it: `docs/providers.md` describes them, `built-in.ts` is written in it. */
export const ModelsFile = z.strictObject({
  providers: z
    .record(
      providerName(),
      z.lazy(() => ProviderEntry),
    )
    .prefault({}),
  limits: z.lazy(() => LimitsEntry).prefault({}),
  routes: z
    .partialRecord(
      z.enum(QUEUES),
      z.lazy(() => RouteEntry),
    )
    .prefault({}),
})
export type ModelsFile = z.infer<typeof ModelsFile>

/** A price as a file says it: US dollars for a million tokens, as providers print them. */
const PriceEntry = z.strictObject({
  inputUsd: price(),
  cachedInputUsd: price().optional(),
  outputUsd: price(),
  asOf: z.iso.date('has to be a day such as 2026-04-30').optional(),
  source: text().optional(),
})

/** What is embedded is paid, its embedding is not. */
const EmbeddingModelEntry = z.strictObject({
  price: PriceEntry.omit({ cachedInputUsd: true, outputUsd: true }).optional(),
})

const CapabilitiesEntry = z.strictObject({
  strictJsonSchema: z.boolean().optional(),
  jsonObject: z.boolean().optional(),
  tools: z.boolean().optional(),
  vision: z.boolean().optional(),
  streaming: z.boolean().optional(),
})

const RANGE = 'has to be a range, as {"min": 0, "max": 1}, or "fixed"'

const QuirksEntry = z.strictObject({
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  temperature: z
    .union(
      [
        z.strictObject({ min: z.number(), max: z.number() }).refine(({ min, max }) => min <= max, RANGE),
        z.literal('fixed'),
      ],
      RANGE,
    )
    .optional(),
  schemaInPrompt: z.boolean().optional(),
  toolChoice: z.enum(['named', 'auto']).optional(),
  usageInStream: z.enum(['asked', 'unasked']).optional(),
  extraBody: z.record(z.string(), z.json()).optional(),
})

const ParametersEntry = z.strictObject({
  temperature: z.number().optional(),
  maxOutputTokens: wholeNumber().optional(),
})

const ModelEntry = z.strictObject({
  contextTokens: wholeNumber().optional(),
  price: PriceEntry.optional(),
  quality: z.number().optional(),
  capabilities: CapabilitiesEntry.optional(),
  quirks: QuirksEntry.optional(),
  parameters: ParametersEntry.optional(),
})
export type ModelEntry = z.infer<typeof ModelEntry>

const ProviderEntry = z.strictObject({
  kind: z.enum(KINDS).default('openai-compatible'),
  baseUrl: z
    .url({ protocol: /^https?$/, error: 'has to be an http or https address' })
    .refine(
      (url) => !/^https?:\/\/[^/]*@/.test(url),
      'has to be an address without a password: keys are named by variable',
    )
    .refine((url) => !/[?#]/.test(url), 'has to end with its path, without ? and #: more of the path is put behind it')
    .optional(),
  keyVariable: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'has to be the name of an environment variable')
    .optional(),
  keyFile: text().optional(),
  model: modelName().optional(),
  models: z.record(modelName(), ModelEntry).prefault({}),
  embeddingModels: z.record(modelName(), EmbeddingModelEntry).optional(),
  capabilities: CapabilitiesEntry.optional(),
  quirks: QuirksEntry.optional(),
  timeouts: z
    .strictObject({
      bodyMs: duration().optional(),
      firstTokenMs: duration().optional(),
      betweenTokensMs: duration().optional(),
    })
    .optional(),
  maxAnswerBytes: wholeNumber().optional(),
})
export type ProviderEntry = z.infer<typeof ProviderEntry>

const ProviderLimits = z.strictObject({
  concurrency: limit().optional(),
  requestsPerMinute: limit().optional(),
  tokensPerMinute: limit().optional(),
})

const LimitsEntry = z.strictObject({
  concurrency: limit().optional(),
  providers: z.record(z.string(), ProviderLimits).prefault({}),
  magicTypes: z.record(z.string(), limit()).prefault({}),
})

const CandidateEntry = z.strictObject({
  provider: z.string(),
  model: z.string().optional(),
  maxWorkers: limit().optional(),
  priority: z.int('has to be a whole number').optional(),
  weight: z.number().positive('has to be above 0').optional(),
})

const RouteEntry = z.strictObject({
  strategy: z.enum(STRATEGIES).default('priority'),
  balance: z.enum(BALANCES).default('weighted-round-robin'),
  candidates: z.array(CandidateEntry).min(1, 'has to name at least one candidate'),
})
export type RouteEntry = z.infer<typeof RouteEntry>

function providerName() {
  return z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'a provider is named with small letters, digits, _, . and -')
}

function modelName() {
  return z.string().regex(/^[\x21-\x7e]{1,200}$/, 'has to be visible characters without blanks')
}

function text() {
  return z.string().min(1, 'has to say something').max(1_000)
}

function price() {
  return z.number().min(0, 'a price cannot be below 0')
}

function wholeNumber() {
  return z.int('has to be a whole number').min(1, 'has to be 1 or more')
}

/** A day is long enough for any silence, and a timer cannot be much longer. */
function duration() {
  return wholeNumber().max(86_400_000, 'has to be a day (86400000) or less')
}

function limit() {
  return z.int('has to be a whole number').min(1, 'a limit has to be 1 or more: leave it out for none')
}
