import { createServer, type RequestListener, type Server } from 'node:http'
import { LIMITS } from '@magictask/contracts'
import { type Clock, startListening } from '@magictask/runtime'
import { answerConnectionFaults } from './connection-faults.ts'

/** A server that listens. */
export interface HttpServer {
  readonly port: number
  /** Accepts nothing more, lets what is under way finish for at most `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>
}

const HEADERS_MS = 20_000
const REQUEST_MS = 120_000
const KEEP_ALIVE_MS = 65_000
const CHECK_MS = 5_000
const CLOSE_IDLE_MS = 25

/** Listens on a port; 0 takes a free one. Throws with the way out when it is taken. */
export async function listen(
  handle: RequestListener,
  at: { readonly port: number; readonly host?: string },
  clock: Clock,
): Promise<HttpServer> {
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytes,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
    },
    handle,
  )
  answerConnectionFaults(server)
  return {
    port: await startListening(server, at),
    close: (graceMs) => close(server, graceMs, clock),
  }
}

async function close(server: Server, graceMs: number, clock: Clock): Promise<void> {
  const done = new AbortController()
  const closed = new Promise<void>((resolve) => server.close(() => resolve())).then(() => done.abort())
  const graceEndsMs = clock.elapsedMs() + graceMs
  // A kept-alive connection becomes idle only when its answer is out.
  while (!done.signal.aborted && clock.elapsedMs() < graceEndsMs) {
    server.closeIdleConnections()
    await clock.sleep(CLOSE_IDLE_MS, done.signal)
  }
  server.closeAllConnections()
  await closed
}
