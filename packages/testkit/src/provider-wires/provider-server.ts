import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json as readJson } from 'node:stream/consumers'
import { ANTHROPIC_WIRE } from './anthropic-wire.ts'
import { completionsWire } from './completions-wire.ts'
import { DEEPSEEK_DIALECT } from './deepseek-wire.ts'
import { GOOGLE_WIRE } from './google-wire.ts'
import { KIMI_DIALECT } from './kimi-wire.ts'
import { OPENAI_DIALECT } from './openai-wire.ts'
import { event, type ProviderWire, type Said, type WireRequest, type WireScript } from './provider-wire.ts'
import { QWEN_DIALECT } from './qwen-wire.ts'
import { ZHIPU_DIALECT } from './zhipu-wire.ts'

/** Every built-in provider, as it speaks. */
export const PROVIDER_WIRES: readonly ProviderWire[] = [
  ...[OPENAI_DIALECT, DEEPSEEK_DIALECT, ZHIPU_DIALECT, KIMI_DIALECT, QWEN_DIALECT].map(completionsWire),
  ANTHROPIC_WIRE,
  GOOGLE_WIRE,
]

/** A server that imitates one provider, on loopback. Disposing it cuts every connection. */
export interface ProviderServer extends AsyncDisposable {
  readonly baseUrl: string
  /** What the calls from here on get. */
  setScript(script: WireScript): void
  /** Every request so far. */
  requests(): readonly WireRequest[]
  /** How many connections clients closed before they had their answer. */
  readonly abandoned: number
}

/** Starts a server that speaks as this provider does. */
export async function startProviderServer(wire: ProviderWire): Promise<ProviderServer> {
  const state: State = { script: { kind: 'answer', text: '{}' }, requests: [], abandoned: 0 }
  const server = createServer((request, response) => {
    serve(wire, state, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    baseUrl: `http://127.0.0.1:${port}${wire.basePath}`,
    setScript(script) {
      state.script = script
    },
    requests: () => state.requests,
    get abandoned() {
      return state.abandoned
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface State {
  script: WireScript
  readonly requests: WireRequest[]
  abandoned: number
}

async function serve(
  wire: ProviderWire,
  state: State,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = { path: incoming.url ?? '', headers: incoming.headers, body: await readJson(incoming) }
  state.requests.push(request)
  response.once('close', () => {
    if (!response.writableFinished && state.script.kind === 'silent') state.abandoned += 1
  })
  const { script } = state
  const refusal = script.kind === 'error' ? wire.errors[script.error] : wire.refusal(request)
  if (refusal?.status === OK && wire.isStream(request)) {
    stream(response, script, [event(refusal.body)], '')
    return
  }
  if (refusal !== undefined) {
    response.writeHead(refusal.status, { 'content-type': 'application/json', ...refusal.headers })
    response.end(JSON.stringify(refusal.body))
    return
  }
  if (misbehave(response, script)) return
  if (wire.isStream(request)) stream(response, script, wire.events(request, saidBy(script)), wire.errorEvent)
  else whole(response, script, JSON.stringify(wire.answer(request, saidBy(script))))
}

/** What has nothing to do with any wire. */
function misbehave(response: ServerResponse, script: WireScript): boolean {
  const { kind } = script
  if (kind === 'verbatim') response.writeHead(script.status ?? OK, script.headers).end(script.body)
  else if (kind === 'html')
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Gateway</body></html>')
  else if (kind === 'empty-body') response.writeHead(200, { 'content-type': 'application/json' }).end()
  else if (kind === 'drip') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const timer = setInterval(() => response.write(':'), DRIP_MS)
    response.once('close', () => clearInterval(timer))
  } else return false
  return true
}

const DRIP_MS = 20

/** Some refuse with a status of success. */
const OK = 200

function saidBy(script: WireScript): Said {
  const text = 'text' in script ? script.text : ''
  const finish = script.kind === 'cut-off' ? 'length' : script.kind === 'declined' ? 'filter' : 'stop'
  return { text, isToolRefused: script.kind === 'words', finish }
}

function whole(response: ServerResponse, { kind }: WireScript, body: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  if (kind === 'cut') response.write(body.slice(0, body.length / 2), () => response.socket?.destroy())
  else if (kind === 'silent') response.write(body.slice(0, body.length / 2))
  else response.end(body)
}

function stream(response: ServerResponse, { kind }: WireScript, events: readonly string[], errorEvent: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  // After the first piece of text, and well before the last.
  const half = events.slice(0, Math.ceil(events.length / 2)).join('')
  if (kind === 'cut') response.write(half, () => response.end())
  else if (kind === 'silent') response.write(half)
  else if (kind === 'error-in-stream') response.end(half + errorEvent)
  else response.end(events.join(''))
}
