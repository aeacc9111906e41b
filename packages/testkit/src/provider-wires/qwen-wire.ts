import type { CompletionsDialect } from './completions-wire.ts'
import { openAiError } from './openai-error.ts'
import { OPENAI_DIALECT } from './openai-wire.ts'
import { WIRE_USAGE } from './provider-wire.ts'

const inDetails = { prompt_tokens_details: { cached_tokens: WIRE_USAGE.cachedTokens } }

/** Qwen, of DashScope: JSON mode needs the word JSON in the prompt. */
export const QWEN_DIALECT: CompletionsDialect = {
  ...OPENAI_DIALECT,
  provider: 'qwen',
  sources: [
    'https://www.alibabacloud.com/help/en/model-studio/use-qwen-by-calling-api',
    'https://www.alibabacloud.com/help/en/model-studio/error-code',
  ],
  basePath: '/compatible-mode/v1',
  responseFormats: ['text', 'json_object'],
  maxTokensField: 'max_tokens',
  maxTemperature: 1.99,
  ownFields: ['enable_thinking'],
  waitMs: undefined,
  usage: inDetails,
  errors: {
    'rate-limited': { status: 429, body: openAiError('limit_requests', 'You exceeded your current requests list.') },
    capacity: {
      status: 503,
      body: openAiError(
        'ModelServingError',
        'Too many requests. Your requests are being throttled due to system capacity limits.',
      ),
    },
    'quota-exhausted': {
      status: 400,
      body: openAiError('Arrearage', 'Access denied, please make sure your account is in good standing.'),
    },
    'key-refused': {
      status: 401,
      body: openAiError('invalid_api_key', 'Incorrect API key provided.', 'invalid_request_error'),
    },
    'bad-request': {
      status: 400,
      body: openAiError('invalid_parameter_error', 'Required parameter missing', 'invalid_request_error'),
    },
    'context-too-long': {
      status: 400,
      body: openAiError(
        'invalid_parameter_error',
        'Range of input length should be [1, 997952]',
        'invalid_request_error',
      ),
    },
    'content-refused': {
      status: 400,
      body: openAiError('data_inspection_failed', 'Input data may contain inappropriate content.'),
    },
    'model-unknown': {
      status: 404,
      body: openAiError(
        'model_not_found',
        'The model `x` does not exist or you do not have access to it.',
        'invalid_request_error',
      ),
    },
    'server-error': { status: 500, body: openAiError('internal_error', 'An internal error has occured') },
  },
}
