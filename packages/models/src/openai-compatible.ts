import type { Clock } from '@magictask/runtime'
import type { AnswerFormat, Provider } from './ask.ts'
import { CompletionsChatModel } from './completions/completions-chat-model.ts'
import { endpoint } from './http/http-post.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { toLangChain } from './langchain-messages.ts'
import { providerThrough } from './provider-through.ts'

/** How to reach a server that speaks OpenAI's chat completions. */
export interface OpenAiCompatible {
  readonly name: string
  readonly apiKey: string
  readonly model: string
  /** OpenAI's own when left out. */
  readonly baseUrl?: string
  readonly clock: Clock
  /** The longest answer that is read, in bytes: 4 MiB when left out. */
  readonly maxAnswerBytes?: number
}

/** A provider that speaks OpenAI's chat completions. One ask is one HTTP request, without any time-out but its signal. */
export function openOpenAiCompatible(options: OpenAiCompatible): Provider {
  const { name, model, clock, baseUrl = OPENAI_URL, maxAnswerBytes = FOUR_MIB } = options
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${options.apiKey}` }
  const chatModel = new CompletionsChatModel({
    to: endpoint(baseUrl, '/chat/completions', headers),
    model,
    maxAnswerBytes,
  })
  return providerThrough({
    name,
    model,
    clock,
    async send(request, signal) {
      // Not `invoke`: above `_generate` sit LangChain's callbacks, which an environment variable can make send every
      // prompt elsewhere (LANGSMITH_TRACING) or print it (LANGCHAIN_VERBOSE).
      const options = { signal, fields: fieldsOf(request.format) }
      const { reply } = await chatModel._generate(toLangChain(request.messages), options)
      return reply
    },
  })
}

/** Where OpenAI itself is. */
export const OPENAI_URL = 'https://api.openai.com/v1'
const FOUR_MIB = 4 * 1024 * 1024

/** Made once a format: with it the provider is bound to the schema. */
function fieldsOf(format: AnswerFormat): Readonly<Record<string, unknown>> {
  const known = made.get(format)
  if (known !== undefined) return known
  const json_schema = { name: format.name, strict: true, schema: jsonSchemaOf(format) }
  const fields = { response_format: { type: 'json_schema', json_schema } }
  made.set(format, fields)
  return fields
}

const made = new WeakMap<AnswerFormat, Readonly<Record<string, unknown>>>()
