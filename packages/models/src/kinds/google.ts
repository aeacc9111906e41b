import type { UsageMetadata } from '@langchain/core/messages'
import type { AnswerFormat } from '../ask.ts'
import { isTree } from '../config/layers.ts'
import type { ModelConfig, ProviderConfig } from '../config/models-config.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { worded } from '../schema-in-prompt.ts'
import type { Send, SendDeps } from '../send.ts'
import { replaceClient } from './google-client.ts'
import { type Counted, langChainSender } from './langchain-sender.ts'

/** A model of Google's Gemini API, through LangChain's package for it. Structured answers fit a schema that is sent along. */
export function openGoogle(provider: ProviderConfig, model: ModelConfig, deps: SendDeps): Promise<Send> {
  const [way] = model.capabilities.structured
  const { temperature, maxOutputTokens } = model.parameters
  const { baseUrl = GOOGLE_URL } = provider
  const kind = {
    model: model.name,
    fields: {
      modelProvider: 'google-genai',
      apiKey: provider.apiKey,
      // Always said, or LangChain would look for an address in the environment.
      baseUrl,
      ...model.quirks.extraBody,
      ...(way === 'json-object' ? { json: true } : {}),
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    },
    prepare: (chatModel) => replaceClient(chatModel, { provider: { ...provider, baseUrl }, model: model.name }),
    question: (messages, format) => ({
      messages: worded(messages, format, model),
      options: way === 'json-schema' ? { responseSchema: responseSchemaOf(format) } : {},
    }),
    finishReason: ({ generationInfo }) => {
      const reason: unknown = generationInfo?.finishReason
      if (typeof reason !== 'string') return undefined
      return FINISHED[reason] ?? 'content_filter'
    },
    count,
  } satisfies Parameters<typeof langChainSender>[0]
  return langChainSender(kind, provider, deps)
}

const GOOGLE_URL = 'https://generativelanguage.googleapis.com'

/** Every other reason is one of the filters': SAFETY, RECITATION, BLOCKLIST, PROHIBITED_CONTENT and more. */
const FINISHED: Readonly<Record<string, string>> = { STOP: 'stop', MAX_TOKENS: 'length', OTHER: 'stop' }

/**
 * LangChain gives what each chunk adds to the input and to everything; thoughts are in everything only. What was
 * cached is said anew with every chunk.
 */
function count(
  before: Counted,
  { input_tokens, output_tokens, total_tokens, input_token_details }: UsageMetadata,
): Counted {
  const shown = output_tokens
  const completion = Math.max(total_tokens - input_tokens, shown)
  return {
    promptTokens: (before.promptTokens ?? 0) + input_tokens,
    cachedTokens: Math.max(before.cachedTokens ?? 0, input_token_details?.cache_read ?? 0),
    completionTokens: (before.completionTokens ?? 0) + completion,
    reasoningTokens: (before.reasoningTokens ?? 0) + completion - shown,
  }
}

/** Made once a format: Gemini's own part of JSON Schema. */
function responseSchemaOf(format: AnswerFormat): unknown {
  const known = made.get(format)
  if (known !== undefined) return known
  const schema = onlyTaken(jsonSchemaOf(format))
  made.set(format, schema)
  return schema
}

const made = new WeakMap<AnswerFormat, unknown>()

const TAKEN = new Set(
  'type format description nullable enum items minItems maxItems properties required anyOf minimum maximum'.split(' '),
)

function onlyTaken(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(onlyTaken)
  if (!isTree(schema)) return schema
  const members = Object.entries(schema)
    .filter(([keyword]) => TAKEN.has(keyword))
    .map(([keyword, value]) => [keyword, keyword === 'properties' ? eachOf(value) : onlyTaken(value)])
  return Object.fromEntries(members)
}

/** The members of `properties` are named by the format, not by JSON Schema. */
function eachOf(properties: unknown): unknown {
  if (!isTree(properties)) return properties
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, onlyTaken(schema)]))
}
