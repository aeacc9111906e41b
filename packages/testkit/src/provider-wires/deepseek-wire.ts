import type { CompletionsDialect } from './completions-wire.ts'
import { openAiError } from './openai-error.ts'
import { OPENAI_DIALECT } from './openai-wire.ts'
import { WIRE_USAGE } from './provider-wire.ts'

const { promptTokens, cachedTokens } = WIRE_USAGE

/** DeepSeek: its errors have neither codes nor types that tell them apart; the status does, or the sentence. */
export const DEEPSEEK_DIALECT: CompletionsDialect = {
  ...OPENAI_DIALECT,
  provider: 'deepseek',
  sources: [
    'https://api-docs.deepseek.com/api/create-chat-completion',
    'https://api-docs.deepseek.com/guides/json_mode',
    'https://api-docs.deepseek.com/quick_start/error_codes',
  ],
  basePath: '',
  responseFormats: ['text', 'json_object'],
  maxTokensField: 'max_tokens',
  ownFields: ['thinking'],
  waitMs: undefined,
  usage: { prompt_cache_hit_tokens: cachedTokens, prompt_cache_miss_tokens: promptTokens - cachedTokens },
  errors: {
    'rate-limited': { status: 429, body: openAiError('unknown_error', 'Rate Limit Reached') },
    capacity: { status: 503, body: openAiError('unknown_error', 'Server Overloaded') },
    'quota-exhausted': {
      status: 402,
      body: openAiError('invalid_request_error', 'Insufficient Balance', 'unknown_error'),
    },
    'key-refused': {
      status: 401,
      body: openAiError('invalid_request_error', 'Authentication Fails', 'authentication_error'),
    },
    'bad-request': { status: 422, body: openAiError('invalid_request_error', 'Invalid Parameters') },
    'context-too-long': {
      status: 400,
      body: openAiError('invalid_request_error', "This model's maximum context length is 1000000 tokens."),
    },
    'content-refused': {
      status: 400,
      body: openAiError('invalid_request_error', 'Content Exists Risk'),
    },
    'model-unknown': { status: 400, body: openAiError('invalid_request_error', 'Model Not Exist') },
    'server-error': { status: 500, body: openAiError('internal_error', 'Server Error') },
  },
}
