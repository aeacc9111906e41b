import { z } from 'zod'
import type { RouteSpec } from './route-spec.ts'

/** What a health check answers; with `?verbose`, each thing that was looked at. */
export const HealthAnswer = z
  .strictObject({
    ok: z.boolean(),
    checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string().optional() })).optional(),
  })
  .meta({ id: 'Health' })

const HEALTH = { 'application/json': HealthAnswer }
const query = z.object({ verbose: z.string().optional() })

function healthSpec(path: `/${string}`, operationId: string, summary: string) {
  return {
    method: 'get',
    path,
    operationId,
    summary,
    query,
    answers: {
      200: { description: 'Yes.', content: HEALTH },
      503: { description: 'No.', content: HEALTH, headers: ['Retry-After'] },
    },
    faults: [],
  } as const satisfies RouteSpec
}

const LIVE = 'Whether every loop of the process turns. Never asks the database or the broker.'
const READY = 'Whether requests can be served.'

/** `/livez` and `/readyz`, each also under the names of the seeds. */
export const healthSpecs = [
  healthSpec('/livez', 'live', LIVE),
  healthSpec('/healthz', 'liveAsHealthz', LIVE),
  healthSpec('/health', 'liveAsHealth', LIVE),
  healthSpec('/readyz', 'ready', READY),
  healthSpec('/ready', 'readyAsReady', READY),
] as const

function metricsSpec(path: `/${string}`, operationId: string) {
  return {
    method: 'get',
    path,
    operationId,
    summary: 'The metrics of this process, in the text format of Prometheus.',
    answers: { 200: { description: 'The metrics.', content: { 'text/plain': z.string() } } },
    faults: [],
  } as const satisfies RouteSpec
}

/** GET /metrics, at both of its addresses. */
export const metricsSpecs = [metricsSpec('/metrics', 'metrics'), metricsSpec('/api/v1/metrics', 'metricsAsV1')] as const

/** GET /openapi.json */
export const openapiSpec = {
  method: 'get',
  path: '/openapi.json',
  operationId: 'openapi',
  summary: 'This document.',
  answers: {
    200: { description: 'OpenAPI 3.1.', content: { 'application/json': z.looseObject({ openapi: z.string() }) } },
  },
  faults: [],
} as const satisfies RouteSpec

/** GET /asyncapi.json */
export const asyncapiSpec = {
  method: 'get',
  path: '/asyncapi.json',
  operationId: 'asyncapi',
  summary: 'What goes over Kafka.',
  answers: {
    200: { description: 'AsyncAPI 3.0.', content: { 'application/json': z.looseObject({ asyncapi: z.string() }) } },
  },
  faults: [],
} as const satisfies RouteSpec

/** GET /docs */
export const docsSpec = {
  method: 'get',
  path: '/docs',
  operationId: 'docs',
  summary: 'This document as a page, to read and to try out.',
  answers: { 200: { description: 'The page.', content: { 'text/html': z.string() } } },
  faults: [],
} as const satisfies RouteSpec
