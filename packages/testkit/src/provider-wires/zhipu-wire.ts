import type { CompletionsDialect } from './completions-wire.ts'
import { OPENAI_DIALECT } from './openai-wire.ts'
import { WIRE_USAGE } from './provider-wire.ts'

const inDetails = { prompt_tokens_details: { cached_tokens: WIRE_USAGE.cachedTokens } }

/** Zhipu: an error is a number as text, and a tool can be offered but not demanded. */
export const ZHIPU_DIALECT: CompletionsDialect = {
  ...OPENAI_DIALECT,
  provider: 'zhipu',
  sources: ['https://docs.bigmodel.cn/api-reference', 'https://docs.z.ai/api-reference/api-code'],
  basePath: '/api/paas/v4',
  responseFormats: ['text', 'json_object'],
  toolChoices: ['auto'],
  maxTokensField: 'max_tokens',
  maxTemperature: 1,
  takesStreamOptions: false,
  ownFields: ['thinking'],
  waitMs: undefined,
  usage: inDetails,
  error: (_, message) => zhipuError('1210', message),
  errors: {
    'rate-limited': {
      status: 429,
      body: zhipuError('1302', 'High concurrency usage of this API, please reduce concurrency'),
    },
    capacity: { status: 429, body: zhipuError('1305', 'The model is in high demand, please try again later') },
    'quota-exhausted': {
      status: 429,
      body: zhipuError('1113', 'Your account is in arrears, please recharge and try again'),
    },
    'key-refused': { status: 401, body: zhipuError('1002', 'Invalid Authentication Token') },
    'bad-request': { status: 400, body: zhipuError('1210', 'Incorrect API call parameters') },
    'context-too-long': { status: 400, body: zhipuError('1261', 'Prompt is over length') },
    'content-refused': {
      status: 400,
      body: zhipuError('1301', 'System detected potentially unsafe or sensitive content'),
    },
    'model-unknown': { status: 400, body: zhipuError('1211', 'Model does not exist, please check the model code') },
    'server-error': { status: 500, body: zhipuError('1234', 'Network error') },
  },
}

function zhipuError(code: string, message: string): unknown {
  return { error: { code, message } }
}
