import type { Clock, Log, Telemetry } from '@magictask/runtime'
import type { Request, RequestHandler, Response } from 'express'
import { requestIdOf } from './request-id.ts'

interface AccessDeps {
  readonly log: Log
  readonly telemetry: Telemetry
  readonly clock: Clock
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])

/** One line and two measurements an exchange, once it is over. Addresses appear as their templates. */
export function accessLog(deps: AccessDeps): RequestHandler {
  return (request, response, next) => {
    const startedMs = deps.clock.elapsedMs()
    response.once('close', () => report(deps, request, response, deps.clock.elapsedMs() - startedMs))
    next()
  }
}

function report({ log, telemetry }: AccessDeps, request: Request, response: Response, tookMs: number): void {
  const route = String(request.route?.path ?? 'none')
  const method = METHODS.has(request.method) ? request.method : 'OTHER'
  const status = response.writableFinished ? response.statusCode : 'cut off'
  telemetry.record('magictask_http_requests_total', 1, { method, route, status: String(status) })
  telemetry.record('magictask_http_request_duration_seconds', tookMs / 1_000, { method, route })
  if (response.locals.tenant === undefined && response.statusCode < 400) return // probes and scrapes, every few seconds
  const tenant = response.locals.tenant === undefined ? undefined : String(response.locals.tenant)
  log.info('request', { method, route, status, tenant, request: requestIdOf(response), durationMs: Math.round(tookMs) })
}
