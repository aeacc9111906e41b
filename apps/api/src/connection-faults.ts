import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { problemOf } from '@magictask/contracts'
import { Fault, type FaultCode } from '@magictask/domain'

const LINGER_MS = 1_000

/** Answers what Node refuses before there is a request (bad HTTP, headers too large, too slow) with a problem like any other. */
export function answerConnectionFaults(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || socket.writableEnded || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    socket.end(problemMessage(new Fault(codeFor(error.code))))
    // Closing at once would throw away the answer while the other side still sends.
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  })
}

function codeFor(nodeCode: string | undefined): FaultCode {
  if (nodeCode === 'HPE_HEADER_OVERFLOW') return 'request.headers_too_large'
  return nodeCode === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request.timeout' : 'request.invalid'
}

function problemMessage(fault: Fault): string {
  const requestId = randomUUID()
  const body = JSON.stringify(problemOf(fault, requestId))
  const headers = [
    `HTTP/1.1 ${fault.http} Refused`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ]
  return `${headers.join('\r\n')}\r\n\r\n${body}`
}
