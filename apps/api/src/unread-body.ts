import type { IncomingMessage, ServerResponse } from 'node:http'

const LINGER_MS = 3_000

/**
 * A caller whose body is refused half way is often still sending, and sees the answer only if somebody goes on reading.
 * So what is left is thrown away for three seconds; then the connection is closed.
 */
export function discardUnreadBody(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.once('finish', () => {
    if (request.complete) return
    request.resume()
    const timer = setTimeout(() => request.socket.destroy(), LINGER_MS)
    request.once('end', () => clearTimeout(timer))
    request.socket.once('close', () => clearTimeout(timer))
  })
  next()
}
