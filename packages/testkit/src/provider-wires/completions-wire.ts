import { z } from 'zod'
import {
  event,
  type ProviderWire,
  pieces,
  type Said,
  WIRE_USAGE,
  type WireAnswer,
  type WireRequest,
} from './provider-wire.ts'

/** Where a provider that speaks OpenAI's chat completions differs from OpenAI. */
export interface CompletionsDialect {
  readonly provider: string
  readonly sources: readonly string[]
  readonly basePath: string
  /** The ways of a structured answer that it takes. */
  readonly responseFormats: readonly string[]
  readonly toolChoices: readonly ('named' | 'auto')[]
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens'
  readonly maxTemperature: number
  /** Whether `stream_options` is known. */
  readonly takesStreamOptions: boolean
  /** Fields that it takes beyond OpenAI's. */
  readonly ownFields: readonly string[]
  /** What stands in `usage`. */
  readonly usage: object
  /** Where a stream says it. */
  readonly usageInStream: 'beside-choices' | 'in-choice'
  error(code: string, message: string, type?: string): unknown
  readonly errors: ProviderWire['errors']
  readonly waitMs: number | undefined
}

const Asked = z.looseObject({
  model: z.string(),
  messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string().min(1) })).min(1),
  stream: z.boolean().optional(),
  stream_options: z.object({ include_usage: z.boolean() }).optional(),
  temperature: z.number().optional(),
  response_format: z.looseObject({ type: z.string() }).optional(),
  tools: z.array(z.object({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) })).optional(),
  tool_choice: z.unknown().optional(),
})

const COMMON_FIELDS = ['model', 'messages', 'stream', 'temperature', 'response_format', 'tools', 'tool_choice']

/** A provider that speaks OpenAI's chat completions in its own dialect. */
export function completionsWire(dialect: CompletionsDialect): ProviderWire {
  const { provider, sources, basePath, errors, waitMs } = dialect
  return {
    provider,
    sources,
    basePath,
    errors,
    errorEvent: event(errors.capacity.body),
    ...(waitMs === undefined ? {} : { waitMs }),
    refusal: (request) => refusal(dialect, request),
    isStream: ({ body }) => Asked.safeParse(body).data?.stream === true,
    answer: (request, said) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 0,
      choices: [{ index: 0, message: message(request, said), finish_reason: finishReason(request, said) }],
      usage: usageOf(dialect),
    }),
    events: (request, said) => events(dialect, request, said),
  }
}

function refusal(dialect: CompletionsDialect, { path, headers, body }: WireRequest): WireAnswer | undefined {
  const refuse = (message: string): WireAnswer => ({
    status: 400,
    body: dialect.error('invalid_parameter_error', message, 'invalid_request_error'),
  })
  if (path !== `${dialect.basePath}/chat/completions`) return { status: 404, body: dialect.error('not_found', path) }
  if (!/^Bearer \S+$/.test(String(headers.authorization))) return dialect.errors['key-refused']
  const read = Asked.safeParse(body)
  if (!read.success) return refuse(z.prettifyError(read.error))
  return complaints(dialect, read.data).map(refuse)[0]
}

function complaints(dialect: CompletionsDialect, asked: z.infer<typeof Asked>): readonly string[] {
  const format = asked.response_format?.type
  const known = new Set([...COMMON_FIELDS, dialect.maxTokensField, ...dialect.ownFields])
  if (dialect.takesStreamOptions) known.add('stream_options')
  const choice = asked.tool_choice === 'auto' ? 'auto' : 'named'
  const saysJson = asked.messages.some(({ content }) => /json/i.test(content))
  return [
    ...Object.keys(asked).flatMap((field) => (known.has(field) ? [] : [`unknown field ${field}`])),
    ...(format === undefined || dialect.responseFormats.includes(format)
      ? []
      : ['This response_format type is unavailable now']),
    ...(format === 'json_object' && !saysJson ? ["'messages' must contain the word 'json' in some form"] : []),
    ...(asked.tools === undefined || dialect.toolChoices.includes(choice) ? [] : ['tool_choice is invalid']),
    ...((asked.temperature ?? 0) > dialect.maxTemperature ? ['temperature is out of range'] : []),
  ]
}

function message({ body }: WireRequest, { text, isToolRefused, finish }: Said): object {
  const { tools } = Asked.parse(body)
  if (finish === 'filter') return { role: 'assistant', content: '' }
  const [tool] = isToolRefused ? [] : (tools ?? [])
  if (tool === undefined) return { role: 'assistant', content: text }
  const call = { id: 'call_1', type: 'function', function: { name: tool.function.name, arguments: text } }
  return { role: 'assistant', content: null, tool_calls: [call] }
}

function finishReason({ body }: WireRequest, { finish, isToolRefused }: Said): string {
  if (finish !== 'stop') return finish === 'filter' ? 'content_filter' : 'length'
  return Asked.parse(body).tools === undefined || isToolRefused ? 'stop' : 'tool_calls'
}

function usageOf({ usage }: CompletionsDialect): object {
  const { promptTokens, completionTokens } = WIRE_USAGE
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    ...usage,
  }
}

function events(dialect: CompletionsDialect, request: WireRequest, said: Said): readonly string[] {
  const asked = Asked.parse(request.body)
  const chunk = (choices: readonly object[], more: object = {}) =>
    event({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: asked.model, choices, ...more })
  const [tool] = said.isToolRefused ? [] : (asked.tools ?? [])
  const delta = (piece: string, at: number) => {
    if (tool === undefined) return { role: 'assistant', content: piece }
    const named = at === 0 ? { id: 'call_1', type: 'function' } : {}
    return { tool_calls: [{ index: 0, ...named, function: { name: tool.function.name, arguments: piece } }] }
  }
  const text = said.finish === 'filter' ? '' : said.text
  const body = pieces(text).map((piece, at) => chunk([{ index: 0, delta: delta(piece, at), finish_reason: null }]))
  const usage = usageOf(dialect)
  const inChoice = dialect.usageInStream === 'in-choice' ? { usage } : {}
  const last = chunk([{ index: 0, delta: {}, finish_reason: finishReason(request, said), ...inChoice }])
  const isAsked = !dialect.takesStreamOptions || asked.stream_options?.include_usage === true
  const beside = dialect.usageInStream === 'beside-choices' && isAsked ? [chunk([], { usage })] : []
  return [...body, last, ...beside, event('[DONE]')]
}
