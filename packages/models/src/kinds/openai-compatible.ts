import { CompletionsChatModel } from '../completions/completions-chat-model.ts'
import { questions } from '../completions/request-fields.ts'
import type { ModelConfig, ProviderConfig } from '../config/models-config.ts'
import { endpoint } from '../http/http-post.ts'
import { toLangChain } from '../langchain-messages.ts'
import type { Send } from '../send.ts'

/** A model that speaks OpenAI's chat completions. One question is one HTTP request, without any time-out but its signal. */
export function openCompletions(provider: ProviderConfig, model: ModelConfig): Send {
  const { apiKey, baseUrl = OPENAI_URL, maxAnswerBytes } = provider
  const authorization = apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` }
  const to = endpoint(baseUrl, '/chat/completions', { 'content-type': 'application/json', ...authorization })
  const chatModel = new CompletionsChatModel({ to, model: model.name, maxAnswerBytes })
  const questionOf = questions(model)
  return async (request, signal) => {
    const { messages, fields } = questionOf(request.messages, request.format)
    // Not `invoke`: above `_generate` sit LangChain's callbacks, which an environment variable can make send every
    // prompt elsewhere (LANGSMITH_TRACING) or print it (LANGCHAIN_VERBOSE).
    const { reply } = await chatModel._generate(toLangChain(messages), { signal, fields })
    return reply
  }
}

/** Where OpenAI itself is. */
export const OPENAI_URL = 'https://api.openai.com/v1'
