import type { UsageMetadata } from '@langchain/core/messages'
import type { ModelConfig, ProviderConfig } from '../config/models-config.ts'
import { boundedFetch } from '../http/bounded-fetch.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { worded } from '../schema-in-prompt.ts'
import type { Send, SendDeps } from '../send.ts'
import { type Counted, langChainSender } from './langchain-sender.ts'

/** A model of Anthropic, through LangChain's package for it. Structured answers are the arguments of a tool. */
export function openAnthropic(provider: ProviderConfig, model: ModelConfig, deps: SendDeps): Promise<Send> {
  const [way] = model.capabilities.structured
  const { temperature, maxOutputTokens } = model.parameters
  const kind = {
    model: model.name,
    fields: {
      modelProvider: 'anthropic',
      apiKey: provider.apiKey,
      // Always said, or LangChain would look for an address in the environment.
      anthropicApiUrl: provider.baseUrl ?? ANTHROPIC_URL,
      clientOptions: { fetch: boundedFetch(provider.maxAnswerBytes), logLevel: 'off', timeout: NEVER_MS },
      invocationKwargs: model.quirks.extraBody,
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxOutputTokens === undefined ? {} : { maxTokens: maxOutputTokens }),
    },
    question: (messages, format) => {
      const asked = worded(messages, format, model)
      if (way !== 'tool') return { messages: asked, options: {} }
      const { name } = format
      const tool = { name, description: 'Takes the answer.', input_schema: jsonSchemaOf(format) }
      return { messages: asked, options: { tools: [tool], tool_choice: { type: 'tool', name } } }
    },
    finishReason: ({ message: { additional_kwargs: said } }) =>
      typeof said.stop_reason === 'string' ? (FINISHED[said.stop_reason] ?? said.stop_reason) : undefined,
    count,
  } satisfies Parameters<typeof langChainSender>[0]
  return langChainSender(kind, provider, deps)
}

const ANTHROPIC_URL = 'https://api.anthropic.com'
/** The longest that a timer can be; the SDK's own time-out is ten minutes. */
const NEVER_MS = 2 ** 31 - 1

const FINISHED: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  tool_use: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  refusal: 'content_filter',
}

/** The first event says what went in, and the last what came out in all, so nothing is to be added up. */
function count(before: Counted, { input_tokens, output_tokens, input_token_details }: UsageMetadata): Counted {
  return {
    promptTokens: Math.max(before.promptTokens ?? 0, input_tokens),
    cachedTokens: Math.max(before.cachedTokens ?? 0, input_token_details?.cache_read ?? 0),
    completionTokens: Math.max(before.completionTokens ?? 0, output_tokens),
  }
}
