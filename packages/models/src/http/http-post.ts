import { Agent, type Dispatcher } from 'undici'
import type { HeaderLookup } from '../retry-after.ts'

/** Where something is posted to, and what goes with every request: made once. */
export interface Endpoint {
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** What came back, whatever its status. The body is whole, or empty where its pieces were handed on as they came. */
export interface HttpReply {
  readonly status: number
  readonly headers: HeaderLookup
  readonly body: Buffer
}

/** What goes with a post. */
export interface PostOptions {
  /** Closes the socket. */
  readonly signal: AbortSignal
  /** Handed the bytes of an answer that is a stream of events. */
  readonly onEvents?: (chunk: Buffer) => void
  /** Told when an answer that is no such stream, and has begun, goes on in another piece. White space is no beginning. */
  readonly onGoesOn?: () => void
}

/**
 * Posts a text once, without any time-out but its signal. The answer is bounded. Rejects with the signal's reason, with the
 * socket's error, or with what `onEvents` throws.
 */
export type HttpPost = (to: Endpoint, body: string, options: PostOptions) => Promise<HttpReply>

/**
 * An `HttpPost` on undici's dispatcher, below its streams and far below `fetch`: of the CPU of a model call, making
 * `Request`, `Response` and `Headers` was the larger half.
 */
export function createHttpPost(maxAnswerBytes: number): HttpPost {
  // HTTP/1.1, so that a call has a socket of its own and aborting the call closes it.
  const dispatcher = new Agent({ allowH2: false, headersTimeout: 0, bodyTimeout: 0, maxResponseSize: maxAnswerBytes })
  return ({ origin, path, headers }, body, options) =>
    new Promise((resolve, reject) => {
      if (options.signal.aborted) {
        reject(options.signal.reason)
        return
      }
      const exchange = new Exchange({ ...options, resolve, reject })
      dispatcher.dispatch({ origin, path, method: 'POST', headers, body }, exchange)
    })
}

/** The address of `path` below a base address; throws where that is none. */
export function endpoint(baseUrl: string, path: string, headers: Readonly<Record<string, string>>): Endpoint {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}${path}`)
  return { origin: url.origin, path: `${url.pathname}${url.search}`, headers }
}

interface ExchangeOptions extends PostOptions {
  readonly resolve: (reply: HttpReply) => void
  readonly reject: (reason: unknown) => void
}

type RawHeaders = Readonly<Record<string, string | string[] | undefined>>

/** One request and its answer. However it ends, its listener is taken off the signal. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions
  readonly #chunks: Buffer[] = []
  #status = 0
  #headers: RawHeaders = {}
  #controller: Dispatcher.DispatchController | undefined
  #hasBegun = false

  constructor(options: ExchangeOptions) {
    this.#options = options
    options.signal.addEventListener('abort', this.#onAbort)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#options.signal.aborted) this.#onAbort()
  }

  onResponseStart(_: unknown, status: number, headers: RawHeaders): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { onEvents, onGoesOn } = this.#options
    if (onEvents === undefined || !isEventStream(this.#headers)) {
      if (this.#hasBegun) onGoesOn?.()
      this.#hasBegun ||= !isBlank(chunk)
      this.#chunks.push(chunk)
      return
    }
    try {
      onEvents(chunk)
    } catch (error) {
      controller.abort(asError(error))
    }
  }

  onResponseEnd(): void {
    this.#leave()
    const headers = this.#headers
    this.#options.resolve({
      status: this.#status,
      headers: { get: (name) => firstOf(headers[name]) },
      body: Buffer.concat(this.#chunks),
    })
  }

  onResponseError(_: unknown, error: Error): void {
    this.#leave()
    this.#options.reject(error)
  }

  /** Before the request has a socket there is nothing to close; the caller hears of it at once all the same. */
  readonly #onAbort = (): void => {
    const { reason } = this.#options.signal
    this.#leave()
    this.#options.reject(reason)
    // A reason may be anything; a socket is destroyed with an error.
    this.#controller?.abort(asError(reason))
  }

  #leave(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort)
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

function isBlank(chunk: Buffer): boolean {
  return chunk.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
}

function isEventStream(headers: RawHeaders): boolean {
  return firstOf(headers['content-type'])?.startsWith('text/event-stream') ?? false
}

function firstOf(value: string | string[] | undefined): string | null {
  return (typeof value === 'string' ? value : value?.[0]) ?? null
}
