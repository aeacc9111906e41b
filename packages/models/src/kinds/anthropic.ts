import { z } from 'zod'
import type { ModelConfig, ProviderConfig } from '../config/models-config.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { worded } from '../schema-in-prompt.ts'
import type { Send, SendDeps } from '../send.ts'
import { anthropicClient } from './anthropic-client.ts'
import { type Counted, langChainSender } from './langchain-sender.ts'
import { count, sumOf } from './stream-usage.ts'

/** A model of Anthropic, through LangChain's package for it. Structured answers are the arguments of a tool. */
export function openAnthropic(provider: ProviderConfig, model: ModelConfig, deps: SendDeps): Promise<Send> {
  const [way] = model.capabilities.structured
  const { temperature, maxOutputTokens } = model.parameters
  const { baseUrl = ANTHROPIC_URL } = provider
  const kind = {
    model: model.name,
    fields: {
      modelProvider: 'anthropic',
      apiKey: provider.apiKey,
      // Always said, or LangChain would look for an address in the environment.
      anthropicApiUrl: baseUrl,
      createClient: () => anthropicClient({ ...provider, baseUrl }),
      invocationKwargs: model.quirks.extraBody,
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxOutputTokens === undefined ? {} : { maxTokens: maxOutputTokens }),
    },
    question: (messages, format) => {
      const asked = worded(messages, format, model)
      if (way !== 'tool') return { messages: asked, options: {} }
      const { name } = format
      const tool = { name, description: 'Takes the answer.', input_schema: jsonSchemaOf(format) }
      const choice = model.quirks.toolChoice === 'auto' ? { type: 'auto' } : { type: 'tool', name }
      return { messages: asked, options: { tools: [tool], tool_choice: choice } }
    },
    finishReason: ({ message: { additional_kwargs: said } }) =>
      typeof said.stop_reason === 'string' ? (FINISHED[said.stop_reason] ?? said.stop_reason) : undefined,
    counted: ({ message: { additional_kwargs: said } }) => countedBy(said.counted),
  } satisfies Parameters<typeof langChainSender>[0]
  return langChainSender(kind, provider, deps)
}

const ANTHROPIC_URL = 'https://api.anthropic.com'

const FINISHED: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  tool_use: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content_filter',
}

const Usage = z.object({
  input_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  output_tokens: count,
})

/** What was cached, and what was put into the cache, is not among its input tokens. */
function countedBy(said: unknown): Counted {
  const { data } = Usage.safeParse(said)
  const cached = data?.cache_read_input_tokens
  return {
    promptTokens: sumOf(data?.input_tokens, cached ?? 0, data?.cache_creation_input_tokens ?? 0),
    cachedTokens: cached,
    completionTokens: data?.output_tokens,
  }
}
