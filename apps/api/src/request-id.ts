import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

const HEADER = 'X-Request-Id'
const SAFE = /^[A-Za-z0-9._:/+=@~-]{1,128}$/

/** Names the exchange: the id that came with the request if it is of at most 128 safe characters, else a new one. */
export function nameRequest(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const given = request.headers['x-request-id']
  response.setHeader(HEADER, typeof given === 'string' && SAFE.test(given) ? given : randomUUID())
  next()
}

/** The name of the exchange that this answers. */
export function requestIdOf(response: ServerResponse): string {
  return String(response.getHeader(HEADER) ?? 'unnamed')
}
