import { CompletionsChatModel } from '../completions/completions-chat-model.ts'
import { questions } from '../completions/request-fields.ts'
import type { ModelConfig, ProviderConfig } from '../config/models-config.ts'
import { endpoint } from '../http/http-post.ts'
import { toLangChain } from '../langchain-messages.ts'
import type { Send, SendDeps } from '../send.ts'

/** A model that speaks OpenAI's chat completions. One question is one HTTP request, without any time-out but its signal and those of a stream. */
export function openCompletions(provider: ProviderConfig, model: ModelConfig, { clock }: SendDeps): Send {
  const { apiKey, baseUrl = OPENAI_URL, maxAnswerBytes, timeouts } = provider
  const authorization = apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }
  const to = endpoint(baseUrl, '/chat/completions', { 'content-type': 'application/json', ...authorization })
  const streamFields = model.quirks.usageInStream === 'asked' ? { stream_options: { include_usage: true } } : {}
  const chatModel = new CompletionsChatModel({ to, model: model.name, maxAnswerBytes, timeouts, clock, streamFields })
  const questionOf = questions(model)
  return async ({ messages, format, onText }, signal) => {
    const question = questionOf(messages, format)
    const listener = model.capabilities.streaming ? onText : undefined
    // Not `invoke`: above `_generate` sit LangChain's callbacks, which an environment variable can make send every
    // prompt elsewhere (LANGSMITH_TRACING) or print it (LANGCHAIN_VERBOSE).
    const options = { signal, fields: question.fields, onText: listener }
    const { reply } = await chatModel._generate(toLangChain(question.messages), options)
    if (listener === undefined) onText?.(reply.text)
    return reply
  }
}

/** Where OpenAI itself is. */
export const OPENAI_URL = 'https://api.openai.com/v1'
