import { Agent, fetch } from 'undici'

/** The part of `fetch` that SDKs of models use. */
export type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>

/** A `fetch` whose answers are bounded, also while they stream, and that has no time-out but its signal. For clients that insist on one. */
export function boundedFetch(maxAnswerBytes: number): Fetch {
  const dispatcher = new Agent({ allowH2: false, headersTimeout: 0, bodyTimeout: 0, maxResponseSize: maxAnswerBytes })
  return (url, init = {}) => {
    const { method = 'GET', headers, body, signal } = init
    return fetch(url instanceof Request ? url.url : url, {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      body: typeof body === 'string' ? body : null,
      signal: signal ?? null,
      dispatcher,
    })
  }
}
