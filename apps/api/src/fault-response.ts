import type { ServerResponse } from 'node:http'
import { problemOf } from '@magictask/contracts'
import { Fault, type FaultCode } from '@magictask/domain'
import type { Log } from '@magictask/runtime'
import type { ErrorRequestHandler } from 'express'
import { requestIdOf } from './request-id.ts'
import { stayForUnreadBody } from './unread-body.ts'

/** The one place that turns an error into an answer: a fault we know goes out as a problem, anything else is a plain 500. */
export function faultResponse(deps: { readonly log: Log }): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const fault = faultOf(error, request.path)
    if (fault.http >= 500)
      deps.log.error('a request failed', { code: fault.code, request: requestIdOf(response) }, fault)
    if (response.headersSent)
      response.destroy() // part of the answer is out: cut off, it cannot be taken for whole
    else sendProblem(response, fault)
  }
}

/** Answers with a fault. */
export function sendProblem(response: ServerResponse, fault: Fault): void {
  for (const [name, value] of faultHeaders(fault)) response.setHeader(name, value)
  for (const name of ['ETag', 'Preference-Applied', 'Location']) response.removeHeader(name)
  stayForUnreadBody(response)
  response.statusCode = fault.http
  response.setHeader('Content-Type', 'application/problem+json')
  response.end(JSON.stringify(problemOf(fault, requestIdOf(response))))
}

const RETRY_AFTER_S = 5

function faultHeaders(fault: Fault): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  if (fault.http === 401 || fault.http === 403) headers.set('WWW-Authenticate', challenge(fault))
  if (fault.retryAfterMs !== undefined || fault.http === 429 || fault.http === 503) {
    const seconds = fault.retryAfterMs === undefined ? RETRY_AFTER_S : Math.ceil(fault.retryAfterMs / 1_000)
    headers.set('Retry-After', String(Math.max(1, seconds)))
  }
  return headers
}

/** RFC 6750, 3. */
function challenge(fault: Fault): string {
  if (fault.code === 'auth.missing') return 'Bearer error="invalid_request"'
  if (fault.code === 'auth.scope_missing') return `Bearer error="insufficient_scope", scope="${fault.facts.scope}"`
  return `Bearer error="invalid_token", error_description="${fault.message}"`
}

function faultOf(error: unknown, path: string): Fault {
  // What Express cannot decode in a path is no id, and so nobody's.
  if (error instanceof URIError) return new Fault(notFoundAt(path))
  return Fault.from(error, 'service.defect')
}

function notFoundAt(path: string): FaultCode {
  if (path.includes('/batches/')) return 'batch.not_found'
  return path.includes('/skus/') ? 'sku.not_found' : 'task.not_found'
}
