import type { ServerResponse } from 'node:http'

/** How a model server treats one call. `latencyMs` stands in for the server's own. */
export type Behaviour = { readonly latencyMs?: number } & (
  | {
      readonly kind: 'answer' /** The answer's JSON; derived from the request's schema when left out. */
      readonly answer?: unknown
    }
  /** `retryAfter` as the header says it: seconds or an HTTP date. */
  | { readonly kind: 'rate-limited'; readonly retryAfter?: string; readonly retryAfterMs?: number }
  | { readonly kind: 'quota-exhausted' }
  | { readonly kind: 'status'; readonly status: number; readonly code?: string }
  /** Closes the connection without an answer. */
  | { readonly kind: 'reset' }
  /** Closes the connection in the middle of an answer. */
  | { readonly kind: 'cut' }
  /** Never answers. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'wrong-schema' }
  | { readonly kind: 'not-json' }
  /** The answer in a code fence, between sentences. */
  | { readonly kind: 'prose' }
  /** Half an answer, and a word that it was all. */
  | { readonly kind: 'cut-unsaid' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'no-choice' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'content-filter' }
  /** A page, with status 200, as a proxy in the way would send it. */
  | { readonly kind: 'html' }
  /** HTTP says JSON, the bytes are none. */
  | { readonly kind: 'broken-wire' }
  | { readonly kind: 'huge'; readonly bytes: number }
  /** Just this JSON; with 200 when no status is said. */
  | { readonly kind: 'body'; readonly status?: number; readonly body: unknown }
)

/** What a call is answered with, besides its behaviour. */
export interface Completion {
  readonly model: string
  readonly answer: unknown
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number }
}

/** Answers one call as its behaviour says. A `hang` stays unanswered. */
export function behave(response: ServerResponse, behaviour: Behaviour, completion: Completion): void {
  const text = JSON.stringify(behaviour.kind === 'answer' ? (behaviour.answer ?? completion.answer) : completion.answer)
  switch (behaviour.kind) {
    case 'hang':
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'cut':
      cut(response, chatCompletion(completion, { content: text }))
      return
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Bad gateway</body></html>')
      return
    case 'broken-wire':
      response.writeHead(200, JSON_TYPE).end('{"choices": [{"mess')
      return
    case 'rate-limited':
      sendError(response, 429, 'rate_limit_exceeded', waitHeaders(behaviour.retryAfter, behaviour.retryAfterMs))
      return
    case 'quota-exhausted':
      sendError(response, 429, 'insufficient_quota')
      return
    case 'status':
      sendError(response, behaviour.status, behaviour.code ?? 'error')
      return
    case 'body':
      response.writeHead(behaviour.status ?? 200, JSON_TYPE).end(JSON.stringify(behaviour.body))
      return
    default:
      response.writeHead(200, JSON_TYPE).end(JSON.stringify(chatCompletion(completion, choiceOf(behaviour, text))))
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** One choice of a chat completion; undefined when there is none. */
type Choice = { readonly content: string | null; readonly finish?: string; readonly refusal?: string } | undefined

function choiceOf(behaviour: Behaviour, text: string): Choice {
  switch (behaviour.kind) {
    case 'truncated':
      return { content: text.slice(0, text.length / 2), finish: 'length' }
    case 'wrong-schema':
      return { content: '{"something":"else"}' }
    case 'not-json':
      return { content: 'Certainly! I would call it a fine piece of writing.' }
    case 'prose':
      return { content: `Certainly! Here is the answer:\n\`\`\`json\n${text}\n\`\`\`\nI hope that helps.` }
    case 'cut-unsaid':
      return { content: text.slice(0, text.length / 2) }
    case 'empty':
      return { content: '' }
    case 'no-choice':
      return undefined
    case 'refused':
      return { content: null, refusal: 'I cannot help with that.' }
    case 'content-filter':
      return { content: '', finish: 'content_filter' }
    case 'huge':
      return { content: 'x'.repeat(behaviour.bytes) }
    default:
      return { content: text }
  }
}

function chatCompletion({ model, usage }: Completion, choice: Choice): object {
  const message = { role: 'assistant', content: choice?.content ?? null, refusal: choice?.refusal ?? null }
  return {
    id: 'chatcmpl-test',
    object: 'chat.completion',
    created: 0,
    model,
    choices:
      choice === undefined ? [] : [{ index: 0, message, finish_reason: choice.finish ?? 'stop', logprobs: null }],
    usage: {
      prompt_tokens: usage.promptTokens,
      completion_tokens: usage.completionTokens,
      total_tokens: usage.promptTokens + usage.completionTokens,
    },
  }
}

/** Errors quote the request's key and content, as careless servers do: none of it may ever be passed on. */
function sendError(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  const message = `Refused: key ${response.req.headers.authorization ?? ''} on ${response.req.url ?? ''}`
  response.writeHead(status, { ...JSON_TYPE, ...headers }).end(JSON.stringify({ error: { message, code, type: code } }))
}

function waitHeaders(retryAfter: string | undefined, retryAfterMs: number | undefined): Record<string, string> {
  return {
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    ...(retryAfterMs === undefined ? {} : { 'retry-after-ms': String(retryAfterMs) }),
  }
}

function cut(response: ServerResponse, body: object): void {
  const text = JSON.stringify(body)
  response.writeHead(200, { ...JSON_TYPE, 'content-length': Buffer.byteLength(text) })
  response.write(text.slice(0, text.length / 2), () => response.socket?.destroy())
}
