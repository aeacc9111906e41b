import type { CompletionsDialect } from './completions-wire.ts'
import { openAiError } from './openai-error.ts'
import { WIRE_USAGE } from './provider-wire.ts'

const inDetails = { prompt_tokens_details: { cached_tokens: WIRE_USAGE.cachedTokens } }

/** OpenAI's own chat completions. */
export const OPENAI_DIALECT: CompletionsDialect = {
  provider: 'openai',
  sources: [
    'https://platform.openai.com/docs/api-reference/chat/create',
    'https://platform.openai.com/docs/guides/structured-outputs',
    'https://platform.openai.com/docs/guides/error-codes',
  ],
  basePath: '/v1',
  responseFormats: ['json_schema', 'json_object'],
  toolChoices: ['named', 'auto'],
  maxTokensField: 'max_completion_tokens',
  maxTemperature: 2,
  takesStreamOptions: true,
  ownFields: [],
  usage: { ...inDetails, completion_tokens_details: { reasoning_tokens: 0 } },
  usageInStream: 'beside-choices',
  waitMs: 2_500,
  error: openAiError,
  errors: {
    'rate-limited': {
      status: 429,
      headers: { 'retry-after': '3', 'retry-after-ms': '2500' },
      body: openAiError('rate_limit_exceeded', 'Rate limit reached', 'requests'),
    },
    capacity: {
      status: 503,
      body: openAiError('server_overloaded', 'The engine is currently overloaded', 'server_error'),
    },
    'quota-exhausted': { status: 429, body: openAiError('insufficient_quota', 'You exceeded your current quota') },
    'key-refused': {
      status: 401,
      body: openAiError('invalid_api_key', 'Incorrect API key provided', 'invalid_request_error'),
    },
    'bad-request': { status: 400, body: openAiError('invalid_value', 'Invalid value', 'invalid_request_error') },
    'context-too-long': {
      status: 400,
      body: openAiError(
        'context_length_exceeded',
        "This model's maximum context length is 128000 tokens.",
        'invalid_request_error',
      ),
    },
    'content-refused': {
      status: 400,
      body: openAiError('content_policy_violation', 'Your request was rejected', 'invalid_request_error'),
    },
    'model-unknown': {
      status: 404,
      body: openAiError('model_not_found', 'The model `x` does not exist', 'invalid_request_error'),
    },
    'server-error': { status: 500, body: openAiError('server_error', 'The server had an error') },
  },
}
