import { asyncapi, asyncapiSpec, healthSpecs, metricsSpecs, openapi, openapiSpec } from '@magictask/contracts'
import type { TopicNames } from '@magictask/kafka'
import { type Health, type HealthDeps, healthAt } from '@magictask/runtime'
import type { Exchange, OpenRoute } from '../route.ts'

interface OperationsDeps extends HealthDeps {
  readonly magicTypes: readonly string[]
  readonly topics: TopicNames
}

const VERSION = '0.1.0'

/** Health, metrics, and the descriptions of everything else. No token is asked for. */
export function operationsRoutes(deps: OperationsDeps): readonly OpenRoute[] {
  return [
    ...healthSpecs.map((spec) => ({
      spec,
      handle: async (exchange: Exchange) => sendHealth(exchange, await healthAt(spec.path, deps)),
    })),
    ...metricsSpecs.map((spec) => ({
      spec,
      handle: async ({ response }: Exchange) => {
        const { contentType, text } = await deps.telemetry.exposition()
        response.set('Content-Type', contentType).send(text)
      },
    })),
    documentRoute(openapiSpec, openapi({ magicTypes: deps.magicTypes, version: VERSION })),
    documentRoute(asyncapiSpec, asyncapi({ topics: deps.topics, version: VERSION })),
  ]
}

function documentRoute(spec: OpenRoute['spec'], document: unknown): OpenRoute {
  const text = JSON.stringify(document)
  return {
    spec,
    handle: async ({ response }) => {
      response.type('json').send(text)
    },
  }
}

const RETRY_AFTER_S = 5

function sendHealth({ request, response }: Exchange, health: Health = { ok: false, checks: [] }): void {
  if (!health.ok) response.set('Retry-After', String(RETRY_AFTER_S))
  response.status(health.ok ? 200 : 503).json('verbose' in request.query ? health : { ok: health.ok })
}
