import { z } from 'zod'
import { event, type ProviderWire, pieces, type Said, WIRE_USAGE } from './provider-wire.ts'

const Schema = z.looseObject({ type: z.string() })
const Asked = z.looseObject({
  contents: z.array(z.object({ role: z.enum(['user', 'model']), parts: z.array(z.unknown()).min(1) })).min(1),
  systemInstruction: z.unknown().optional(),
  generationConfig: z
    .looseObject({ responseMimeType: z.string().optional(), responseSchema: Schema.optional() })
    .optional(),
})

/** Keywords of JSON Schema that a `responseSchema` is refused for. */
const REFUSED_KEYWORDS = /"(?:additionalProperties|\$schema|const|exclusiveMinimum|exclusiveMaximum)":/

const PATH = /^\/v1beta\/models\/[\w.-]+:(generateContent|streamGenerateContent)/

function failure(code: number, status: string, message: string, details: readonly object[] = []) {
  return { status: code, body: { error: { code, message, status, details } } }
}

/** Google's Gemini API: https://ai.google.dev/api/generate-content. */
export const GOOGLE_WIRE: ProviderWire = {
  provider: 'google',
  sources: ['https://ai.google.dev/api/generate-content', 'https://ai.google.dev/gemini-api/docs/troubleshooting'],
  basePath: '',
  refusal({ path, headers, body }) {
    if (!PATH.test(path)) return failure(404, 'NOT_FOUND', path)
    if (typeof headers['x-goog-api-key'] !== 'string') return failure(403, 'PERMISSION_DENIED', 'unregistered callers')
    const read = Asked.safeParse(body)
    if (!read.success) return failure(400, 'INVALID_ARGUMENT', z.prettifyError(read.error))
    const schema = JSON.stringify(read.data.generationConfig?.responseSchema ?? {})
    return REFUSED_KEYWORDS.test(schema)
      ? failure(400, 'INVALID_ARGUMENT', 'Unknown name in response_schema')
      : undefined
  },
  isStream: ({ path }) => PATH.exec(path)?.[1] === 'streamGenerateContent',
  answer: (_, said) => chunk(said.text, finishReason(said), usage(completionTokens)),
  events: (_, said) => {
    if (said.finish === 'filter') return [event({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: usage(0) })]
    const [first = '', second = '', third = ''] = pieces(said.text)
    return [
      event(chunk(first, undefined, usage(30))),
      event(chunk(second, undefined, usage(60))),
      event(chunk(third, finishReason(said), usage(completionTokens))),
    ]
  },
  errorEvent: event({ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }),
  waitMs: 22_000,
  errors: {
    'rate-limited': failure(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota. Please retry in 22.1s.', [
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '22s' },
    ]),
    capacity: failure(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
    'quota-exhausted': failure(402, 'FAILED_PRECONDITION', 'Billing account is closed'),
    'key-refused': failure(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' },
    ]),
    'bad-request': failure(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.'),
    'context-too-long': failure(
      400,
      'INVALID_ARGUMENT',
      'The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).',
    ),
    'content-refused': {
      status: 200,
      body: {
        promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
        usageMetadata: { promptTokenCount: WIRE_USAGE.promptTokens, totalTokenCount: WIRE_USAGE.promptTokens },
      },
    },
    'model-unknown': failure(404, 'NOT_FOUND', 'models/x is not found for API version v1beta'),
    'server-error': failure(500, 'INTERNAL', 'An internal error has occurred'),
  },
}

const { promptTokens, cachedTokens, completionTokens } = WIRE_USAGE

/** Counted anew with every chunk, each time from the beginning. */
function usage(shown: number): object {
  return {
    promptTokenCount: promptTokens,
    cachedContentTokenCount: cachedTokens,
    candidatesTokenCount: shown,
    totalTokenCount: promptTokens + shown,
  }
}

function chunk(text: string, finishReason: string | undefined, usageMetadata: object): object {
  const candidate = {
    content: { role: 'model', parts: [{ text }] },
    index: 0,
    ...(finishReason === undefined ? {} : { finishReason }),
  }
  return { candidates: [candidate], usageMetadata, modelVersion: 'gemini' }
}

function finishReason({ finish }: Said): string {
  return { stop: 'STOP', length: 'MAX_TOKENS', filter: 'SAFETY' }[finish]
}
