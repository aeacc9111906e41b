import { z } from 'zod'
import type { AnswerFormat } from '../ask.ts'
import { isTree } from '../config/layers.ts'
import type { ModelConfig, ProviderConfig } from '../config/models-config.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { worded } from '../schema-in-prompt.ts'
import type { Send, SendDeps } from '../send.ts'
import { replaceClient } from './google-client.ts'
import { type Counted, langChainSender } from './langchain-sender.ts'
import { count, sumOf } from './stream-usage.ts'

/** A model of Google's Gemini API, through LangChain's package for it. Structured answers fit a schema that is sent along. */
export function openGoogle(provider: ProviderConfig, model: ModelConfig, deps: SendDeps): Promise<Send> {
  const [way] = model.capabilities.structured
  const { temperature, maxOutputTokens } = model.parameters
  const { baseUrl = GOOGLE_URL } = provider
  const kind = {
    model: model.name,
    fields: {
      modelProvider: 'google-genai',
      // LangChain wants one; what it is sent with is ours.
      apiKey: provider.apiKey === '' ? 'none' : provider.apiKey,
      // Always said, or LangChain would look for an address in the environment.
      baseUrl,
      ...(way === 'json-object' ? { json: true } : {}),
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    },
    prepare: (chatModel) =>
      replaceClient(chatModel, {
        provider: { ...provider, baseUrl },
        model: model.name,
        extraBody: model.quirks.extraBody,
      }),
    question: (messages, format) => ({
      messages: worded(messages, format, model),
      options: way === 'json-schema' ? { responseSchema: responseSchemaOf(format) } : {},
    }),
    finishReason: ({ generationInfo }) => {
      const reason: unknown = generationInfo?.finishReason
      if (typeof reason !== 'string') return undefined
      return FINISHED[reason] ?? 'content_filter'
    },
    counted: ({ generationInfo }) => countedBy(generationInfo?.counted),
  } satisfies Parameters<typeof langChainSender>[0]
  return langChainSender(kind, provider, deps)
}

const GOOGLE_URL = 'https://generativelanguage.googleapis.com'

/** Every other reason is one of the filters': SAFETY, RECITATION, BLOCKLIST, PROHIBITED_CONTENT and more. */
const FINISHED: Readonly<Record<string, string>> = { STOP: 'stop', MAX_TOKENS: 'length', OTHER: 'stop' }

const Usage = z.object({
  promptTokenCount: count,
  cachedContentTokenCount: count,
  candidatesTokenCount: count,
  thoughtsTokenCount: count,
  totalTokenCount: count,
})

/** Thoughts are billed as output. Where they are not said, they are what everything is more than the prompt and the answer. */
function countedBy(said: unknown): Counted {
  const { data } = Usage.safeParse(said)
  const { promptTokenCount: prompt, candidatesTokenCount: shown, thoughtsTokenCount: thought } = data ?? {}
  const came = sumOf(data?.totalTokenCount, prompt === undefined ? undefined : -prompt)
  const outputs = [sumOf(shown, thought ?? 0), came].filter((one) => one !== undefined)
  const completion = outputs.length === 0 ? undefined : Math.max(...outputs)
  return {
    promptTokens: prompt,
    cachedTokens: data?.cachedContentTokenCount,
    completionTokens: completion,
    reasoningTokens: completion === undefined ? thought : (thought ?? completion - (shown ?? 0)),
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
