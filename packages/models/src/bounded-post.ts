import { Fault } from '@magictask/domain'
import { Agent, request } from 'undici'

/** What an HTTP client of a model SDK has to look like: the part of `fetch` that they use. */
export type Post = (url: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * A `fetch` for posting text, on undici's `request`: a third of the CPU, the answer read whole and bounded.
 * Nothing here times out once connected, so a call may take as long as its signal lets it.
 */
export function boundedPost(maxAnswerBytes: number): Post {
  // HTTP/1.1, so that a call has a socket of its own and aborting the call closes it.
  const dispatcher = new Agent({ allowH2: false, headersTimeout: 0, bodyTimeout: 0 })
  return async (url, init = {}) => {
    const { statusCode, headers, body } = await request(url instanceof Request ? url.url : url, {
      method: 'POST',
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof init.body === 'string' ? init.body : null,
      signal: init.signal ?? null,
      dispatcher,
    })
    const bytes = await readBounded(body, maxAnswerBytes)
    return new Response(BODILESS.has(statusCode) ? null : bytes, { status: statusCode, headers: pick(headers) })
  }
}

/** `Response` refuses a body with these. */
const BODILESS = new Set([204, 205, 304])

async function readBounded(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop early destroys the body, and with it the socket: what is left is never read.
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > maxBytes)
      throw new Fault('answer.truncated', { detail: `The answer was cut off at ${maxBytes} bytes.` })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const KEPT_HEADERS = ['content-type', 'retry-after', 'retry-after-ms', 'x-request-id'] as const

function pick(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of KEPT_HEADERS) {
    const value = headers[name]
    if (typeof value === 'string') kept[name] = value
  }
  return kept
}
