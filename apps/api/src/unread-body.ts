import type { IncomingMessage, ServerResponse } from 'node:http'

const LINGER_MS = 3_000

/**
 * A caller whose body is refused half way is often still sending, and sees the answer only if somebody goes on reading.
 * So what is left is thrown away for three seconds; then the connection is closed.
 */
export function discardUnreadBody(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const wantsClose = /close/i.test(request.headers.connection ?? '') || request.httpVersion === '1.0'
  response.once('finish', () => {
    if (request.complete) return
    const { socket } = request
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    const closed = () => clearTimeout(timer)
    socket.once('close', closed)
    request.once('end', () => {
      clearTimeout(timer)
      socket.off('close', closed) // the connection may live on for many requests
      if (wantsClose) socket.end()
    })
    request.resume()
  })
  next()
}

/** Before an answer to a body that is not read to its end: Node would close behind it at once if the caller asked for `close`. */
export function stayForUnreadBody(response: ServerResponse): void {
  if (!response.req.complete) response.setHeader('Connection', 'keep-alive')
}
