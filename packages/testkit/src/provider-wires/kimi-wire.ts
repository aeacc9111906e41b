import type { CompletionsDialect } from './completions-wire.ts'
import { OPENAI_DIALECT } from './openai-wire.ts'
import { WIRE_USAGE } from './provider-wire.ts'

const { cachedTokens } = WIRE_USAGE

/** Kimi, of Moonshot: an error has a type and no code; an engine without capacity answers 429, like a rate. */
export const KIMI_DIALECT: CompletionsDialect = {
  ...OPENAI_DIALECT,
  provider: 'kimi',
  sources: ['https://platform.kimi.ai/docs/api/chat', 'https://platform.kimi.ai/docs/api/errors'],
  responseFormats: ['text', 'json_object'],
  toolChoices: ['auto'],
  maxTokensField: 'max_tokens',
  maxTemperature: 1,
  takesStreamOptions: false,
  usage: { cached_tokens: cachedTokens },
  usageInStream: 'in-choice',
  waitMs: 1_000,
  error: (_, message, type) => ({ error: { message, type } }),
  errors: {
    'rate-limited': {
      status: 429,
      headers: { 'retry-after': '1' },
      body: kimiError('rate_limit_reached_error', 'Your account reached max request'),
    },
    capacity: {
      status: 429,
      body: kimiError('engine_overloaded_error', 'The engine is currently overloaded, please try again later'),
    },
    'quota-exhausted': {
      status: 429,
      body: kimiError('exceeded_current_quota_error', 'Your account is suspended, please check your plan'),
    },
    'key-refused': { status: 401, body: kimiError('invalid_authentication_error', 'Invalid Authentication') },
    'bad-request': { status: 400, body: kimiError('invalid_request_error', 'Invalid request: temperature') },
    'context-too-long': {
      status: 400,
      body: kimiError('invalid_request_error', 'Invalid request: Your request exceeded model token limit: 262144'),
    },
    'content-refused': {
      status: 400,
      body: kimiError('content_filter', 'The request was rejected because it was considered high risk'),
    },
    'model-unknown': {
      status: 404,
      body: kimiError('resource_not_found_error', 'Not found the model or Permission denied'),
    },
    'server-error': { status: 500, body: kimiError('server_error', 'Internal error') },
  },
}

function kimiError(type: string, message: string): unknown {
  return { error: { type, message } }
}
