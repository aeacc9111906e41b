import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Health } from './health.ts'
import { startListening } from './start-listening.ts'
import type { Telemetry } from './telemetry.ts'

export interface HealthDeps {
  readonly telemetry: Telemetry
  readonly live: () => Health
  readonly ready: () => Promise<Health>
}

/** A health server that listens. Disposing it closes it at once. */
export interface HealthServer extends AsyncDisposable {
  readonly port: number
}

/** `/livez`, `/readyz` and `/metrics`, with the names of the seeds; for a process that serves no other HTTP. */
export async function startHealthServer(port: number, deps: HealthDeps): Promise<HealthServer> {
  const server = createServer((request, response) => {
    answer(request, response, deps).catch(() => response.writeHead(500).end())
  })
  return {
    port: await startListening(server, { port }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, deps: HealthDeps): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (url.pathname === '/metrics') {
    const { contentType, text } = await deps.telemetry.exposition()
    response.writeHead(200, { 'content-type': contentType }).end(text)
    return
  }
  const health = await healthAt(url.pathname, deps)
  if (health === undefined) {
    response
      .writeHead(404, { 'content-type': 'application/problem+json' })
      .end('{"code":"route.not_found","status":404}')
    return
  }
  const body = url.searchParams.has('verbose') ? health : { ok: health.ok }
  response.writeHead(health.ok ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Which health a path asks for, under all its names; undefined when it asks for none. */
export async function healthAt(path: string, deps: Pick<HealthDeps, 'live' | 'ready'>): Promise<Health | undefined> {
  if (path === '/livez' || path === '/healthz' || path === '/health') return deps.live()
  if (path === '/readyz' || path === '/ready') return deps.ready()
  return undefined
}
