import { Agent, fetch } from 'undici'

/** The part of `fetch` that SDKs of models use. */
export type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * A `fetch` whose answers are bounded, also while they stream, and that has no time-out but its signal. For clients that
 * insist on one. It follows no redirect: the key would go along.
 */
export function boundedFetch(maxAnswerBytes: number): Fetch {
  const dispatcher = new Agent({ allowH2: false, headersTimeout: 0, bodyTimeout: 0, maxResponseSize: maxAnswerBytes })
  return async (url, init = {}) => {
    const { method = 'GET', headers, body, signal } = init
    const answered = await fetch(url instanceof Request ? url.url : url, {
      method,
      headers: { ...Object.fromEntries(new Headers(headers)), 'accept-encoding': PLAIN },
      body: typeof body === 'string' ? body : null,
      signal: signal ?? null,
      redirect: 'manual',
      dispatcher,
    })
    if ((answered.headers.get('content-encoding') ?? PLAIN) === PLAIN) return answered
    await answered.body?.cancel()
    throw new Error('the answer is compressed, which nobody asked for')
  }
}

/** What is bounded is what comes over the wire: a few compressed bytes may be gigabytes. */
const PLAIN = 'identity'
