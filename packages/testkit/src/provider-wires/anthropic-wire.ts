import { z } from 'zod'
import { event, type ProviderWire, pieces, type Said, WIRE_USAGE, type WireRequest } from './provider-wire.ts'

const Asked = z.looseObject({
  model: z.string(),
  max_tokens: z.int().min(1),
  system: z.unknown().optional(),
  messages: z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.unknown() })).min(1),
  stream: z.boolean().optional(),
  tools: z
    .array(z.looseObject({ name: z.string(), input_schema: z.looseObject({ type: z.literal('object') }) }))
    .optional(),
  temperature: z.number().max(1).optional(),
})

/** What goes in is said at the beginning, without what was cached; what came out at the end. */
const { promptTokens, cachedTokens, completionTokens } = WIRE_USAGE
const USED = {
  input_tokens: promptTokens - cachedTokens,
  cache_read_input_tokens: cachedTokens,
  cache_creation_input_tokens: 0,
}

function failure(status: number, type: string, message: string) {
  return { status, body: { type: 'error', error: { type, message }, request_id: 'req_1' } }
}

/** Anthropic's messages: https://docs.anthropic.com/en/api/messages. */
export const ANTHROPIC_WIRE: ProviderWire = {
  provider: 'anthropic',
  sources: [
    'https://docs.anthropic.com/en/api/messages',
    'https://docs.anthropic.com/en/docs/build-with-claude/streaming',
    'https://docs.anthropic.com/en/api/errors',
  ],
  basePath: '',
  refusal({ path, headers, body }) {
    if (path !== '/v1/messages') return failure(404, 'not_found_error', path)
    if (typeof headers['x-api-key'] !== 'string')
      return failure(401, 'authentication_error', 'x-api-key header is required')
    if (typeof headers['anthropic-version'] !== 'string')
      return failure(400, 'invalid_request_error', 'anthropic-version: header is required')
    const read = Asked.safeParse(body)
    return read.success ? undefined : failure(400, 'invalid_request_error', z.prettifyError(read.error))
  },
  isStream: ({ body }) => Asked.safeParse(body).data?.stream === true,
  answer: (request, said) => ({
    ...started(request),
    content: [block(request, said, said.text)],
    stop_reason: stopReason(request, said),
    usage: { ...USED, output_tokens: completionTokens },
  }),
  events: (request, said) => [
    event(
      {
        type: 'message_start',
        message: { ...started(request), content: [], stop_reason: null, usage: { ...USED, output_tokens: 1 } },
      },
      'message_start',
    ),
    event({ type: 'content_block_start', index: 0, content_block: block(request, said, '') }, 'content_block_start'),
    event({ type: 'ping' }, 'ping'),
    ...pieces(said.text).map((piece) =>
      event({ type: 'content_block_delta', index: 0, delta: delta(request, said, piece) }, 'content_block_delta'),
    ),
    event({ type: 'content_block_stop', index: 0 }, 'content_block_stop'),
    event(
      {
        type: 'message_delta',
        delta: { stop_reason: stopReason(request, said), stop_sequence: null },
        usage: { output_tokens: completionTokens },
      },
      'message_delta',
    ),
    event({ type: 'message_stop' }, 'message_stop'),
  ],
  errorEvent: event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'error'),
  waitMs: 12_000,
  errors: {
    'rate-limited': {
      ...failure(429, 'rate_limit_error', 'This request would exceed your rate limit'),
      headers: { 'retry-after': '12' },
    },
    capacity: failure(529, 'overloaded_error', 'Overloaded'),
    'quota-exhausted': failure(
      400,
      'invalid_request_error',
      'Your credit balance is too low to access the Anthropic API.',
    ),
    'key-refused': failure(401, 'authentication_error', 'invalid x-api-key'),
    'bad-request': failure(400, 'invalid_request_error', 'messages: field required'),
    'context-too-long': failure(400, 'invalid_request_error', 'prompt is too long: 200001 tokens > 200000 maximum'),
    'content-refused': failure(400, 'invalid_request_error', 'Output blocked by content filtering policy'),
    'model-unknown': failure(404, 'not_found_error', 'model: x'),
    'server-error': failure(500, 'api_error', 'Internal server error'),
  },
}

function started({ body }: WireRequest): object {
  return { id: 'msg_1', type: 'message', role: 'assistant', model: Asked.parse(body).model, stop_sequence: null }
}

function toolOf({ body }: WireRequest, { isToolRefused }: Said) {
  return isToolRefused ? undefined : Asked.parse(body).tools?.[0]
}

function block(request: WireRequest, said: Said, text: string): object {
  const tool = toolOf(request, said)
  if (tool === undefined) return { type: 'text', text }
  return { type: 'tool_use', id: 'toolu_1', name: tool.name, input: text === '' ? {} : JSON.parse(text) }
}

function delta(request: WireRequest, said: Said, piece: string): object {
  return toolOf(request, said) === undefined
    ? { type: 'text_delta', text: piece }
    : { type: 'input_json_delta', partial_json: piece }
}

function stopReason(request: WireRequest, said: Said): string {
  if (said.finish !== 'stop') return said.finish === 'filter' ? 'refusal' : 'max_tokens'
  return toolOf(request, said) === undefined ? 'end_turn' : 'tool_use'
}
