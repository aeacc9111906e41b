import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import type { z } from 'zod'
import { answerTo, ChatRequest, contentOf } from './model-answer.ts'
import { type Behaviour, behave } from './model-behaviour.ts'
import { EmbeddingsRequest, embeddingsAnswer } from './model-embeddings.ts'

/** A call as it arrives: what a script may decide by. */
export interface ArrivingCall {
  readonly content: string
  /** The request as it was sent. */
  readonly body: unknown
  /** How many calls with the same content came before this one. */
  readonly earlier: number
  /** How many calls came before this one, whatever their content. */
  readonly earlierCalls: number
}

/** A call as the server remembers it. Times are milliseconds of the server's process. */
export interface RecordedCall {
  readonly content: string
  readonly format: string
  readonly authorization: string | undefined
  readonly startedMs: number
  /** Undefined while it is still unanswered. */
  readonly endedMs: number | undefined
  readonly behaviour: Behaviour['kind']
  /** Whether the client closed the connection before it had its answer. */
  readonly abortedByClient: boolean
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number }
}

/** Decides what a call gets; undefined means an answer. */
export type Script = (call: ArrivingCall) => Behaviour | undefined

export interface ModelServerOptions {
  /** How long every answer takes: 0 when left out. */
  readonly latencyMs?: number
  readonly script?: Script
  /** Any free one when left out. */
  readonly port?: number
}

/** A model server that runs, on loopback. Disposing it cuts every connection; twice is harmless. */
export interface ModelServer extends AsyncDisposable {
  /** What `OPENAI_BASE_URL` has to say. */
  readonly baseUrl: string
  readonly port: number
  /** Every call so far, in the order of arrival. */
  calls(): readonly RecordedCall[]
  /** The calls whose content holds this. */
  callsFor(contentPart: string): readonly RecordedCall[]
  /** The most calls that were unanswered at one time, embeddings among them. */
  readonly maxAtOnce: number
  /** How long the answers to later calls take. */
  setLatency(latencyMs: number): void
  /** What later calls get. */
  setScript(script: Script): void
  /** How many texts of each request for embeddings, in the order of arrival. */
  embedded(): readonly number[]
  /** The status that later requests for embeddings get, and their header `Retry-After`; 200 with embeddings until it is said. */
  setEmbeddingsStatus(status: number, retryAfter?: string): void
  /** From here on connections are refused; those that are open are cut. */
  down(): Promise<void>
  /** Listens again, on the same port. */
  up(): Promise<void>
}

/** Starts a server that speaks OpenAI's `POST /v1/chat/completions`, without streaming, and `POST /v1/embeddings`. */
export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const state = createState(options)
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.destroy())
  })
  // Longer than any client keeps an idle connection, so that none is closed under a request.
  server.keepAliveTimeout = 120_000
  const port = await listen(server, options.port ?? 0)
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    port,
    calls: () => state.calls,
    callsFor: (contentPart) => state.calls.filter((call) => call.content.includes(contentPart)),
    get maxAtOnce() {
      return state.maxAtOnce
    },
    setLatency(latencyMs) {
      state.latencyMs = latencyMs
    },
    setScript(script) {
      state.script = script
    },
    embedded: () => state.embedded,
    setEmbeddingsStatus(status, retryAfter) {
      state.embeddings = { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } }
    },
    down: () => cutOff(state, server),
    async up() {
      state.isDown = false
      if (!server.listening) await listen(server, port)
    },
    [Symbol.asyncDispose]: () => cutOff(state, server),
  }
}

type Writable<Data> = { -readonly [Key in keyof Data]: Data[Key] }

interface State {
  latencyMs: number
  script: Script
  isDown: boolean
  readonly calls: Writable<RecordedCall>[]
  readonly timesAsked: Map<string, number>
  readonly embedded: number[]
  embeddings: { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  atOnce: number
  maxAtOnce: number
}

function createState({ latencyMs = 0, script = () => undefined }: ModelServerOptions): State {
  return {
    latencyMs,
    script,
    isDown: false,
    calls: [],
    timesAsked: new Map(),
    embedded: [],
    embeddings: { status: 200, headers: {} },
    atOnce: 0,
    maxAtOnce: 0,
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

async function cutOff(state: State, server: Server): Promise<void> {
  state.isDown = true
  if (!server.listening) return
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = parseJson(await readText(request))
  const asked = ChatRequest.safeParse(body)
  const embedding = EmbeddingsRequest.safeParse(body)
  if (request.url === '/v1/embeddings' && embedding.success) {
    sendEmbeddings(state, response, embedding.data)
    return
  }
  const isChat = request.method === 'POST' && request.url === '/v1/chat/completions'
  if (!isChat || !asked.success) {
    const status = isChat ? 400 : 404
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":{"message":"not understood"}}')
    return
  }
  const content = contentOf(asked.data)
  const earlier = state.timesAsked.get(content) ?? 0
  state.timesAsked.set(content, earlier + 1)
  const arriving = { content, body, earlier, earlierCalls: state.calls.length }
  const behaviour = state.script(arriving) ?? { kind: 'answer' }
  const completion = { model: asked.data.model, answer: answerTo(asked.data, earlier + 1), usage: usageOf(content) }
  record(state, response, {
    content,
    format: asked.data.response_format.json_schema.name,
    authorization: request.headers.authorization,
    behaviour: behaviour.kind,
    usage: completion.usage,
  })
  afterLatency(response, behaviour.latencyMs ?? state.latencyMs, () => behave(response, behaviour, completion))
}

function sendEmbeddings(state: State, response: ServerResponse, asked: z.infer<typeof EmbeddingsRequest>): void {
  state.embedded.push(typeof asked.input === 'string' ? 1 : asked.input.length)
  countAtOnce(state, response)
  const { status, headers } = state.embeddings
  const answer = status === 200 ? embeddingsAnswer(asked) : { error: { message: 'refused', code: 'error' } }
  afterLatency(response, state.latencyMs, () =>
    response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(answer)),
  )
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Made up, but of the content's size and the same for every call about it, so that tests can add it up. */
function usageOf(content: string): RecordedCall['usage'] {
  return { promptTokens: 100 + content.length, completionTokens: 20 }
}

type Arrived = Omit<RecordedCall, 'startedMs' | 'endedMs' | 'abortedByClient'>

function record(state: State, response: ServerResponse, arrived: Arrived): void {
  const call: Writable<RecordedCall> = {
    ...arrived,
    startedMs: performance.now(),
    endedMs: undefined,
    abortedByClient: false,
  }
  state.calls.push(call)
  countAtOnce(state, response)
  response.once('close', () => {
    call.endedMs = performance.now()
    call.abortedByClient = !response.headersSent && call.behaviour !== 'reset' && !state.isDown
  })
}

function countAtOnce(state: State, response: ServerResponse): void {
  state.atOnce += 1
  state.maxAtOnce = Math.max(state.maxAtOnce, state.atOnce)
  response.once('close', () => {
    state.atOnce -= 1
  })
}

function afterLatency(response: ServerResponse, latencyMs: number, answer: () => void): void {
  if (latencyMs === 0) {
    answer()
    return
  }
  const timer = setTimeout(answer, latencyMs)
  response.once('close', () => clearTimeout(timer))
}
