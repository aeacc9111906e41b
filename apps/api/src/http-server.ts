import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LIMITS } from '@magictask/contracts'
import type { Clock } from '@magictask/runtime'
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
  await startListening(server, at)
  return {
    port: portOf(server.address()),
    close: (graceMs) => close(server, graceMs, clock),
  }
}

function startListening(server: Server, at: { readonly port: number; readonly host?: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? portTaken(at.port) : error),
    )
    server.listen(at, resolve)
  })
}

function portTaken(port: number): Error {
  return new Error(`Port ${port} is taken by another process. Set LLM_PORT to a free one.`)
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address === 'object' && address !== null) return address.port
  throw new Error('the server listens on no port')
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
