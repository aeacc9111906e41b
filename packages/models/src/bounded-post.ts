import { createHttpPost, endpoint } from './http/http-post.ts'

/** What an HTTP client of a model SDK has to look like: the part of `fetch` that they use. */
export type Post = (url: string | URL | Request, init?: RequestInit) => Promise<Response>

/** A `fetch` for posting text whose answer is read whole and bounded. For clients that insist on one. */
export function boundedPost(maxAnswerBytes: number): Post {
  const post = createHttpPost(maxAnswerBytes)
  const never = new AbortController().signal
  return async (url, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers))
    const to = endpoint(url instanceof Request ? url.url : String(url), '', headers)
    const reply = await post(to, typeof init.body === 'string' ? init.body : '', init.signal ?? never)
    const body = BODILESS.has(reply.status) ? null : new Uint8Array(reply.body)
    const kept = KEPT_HEADERS.flatMap((name) => {
      const value = reply.headers.get(name)
      return value === null ? [] : [[name, value] satisfies [string, string]]
    })
    return new Response(body, { status: reply.status, headers: kept })
  }
}

/** `Response` refuses a body with these. */
const BODILESS = new Set([204, 205, 304])

const KEPT_HEADERS = ['content-type', 'retry-after', 'retry-after-ms', 'x-request-id'] as const
