import { healthSpecs, metricsSpecs, openapi, openapiSpec } from '@magictask/contracts'
import { type Health, type HealthDeps, healthAt } from '@magictask/runtime'
import type { Exchange, OpenRoute } from '../route.ts'

interface OperationsDeps extends HealthDeps {
  readonly magicTypes: readonly string[]
}

const VERSION = '0.1.0'

/** Health, metrics, and the description of everything else. No token is asked for. */
export function operationsRoutes(deps: OperationsDeps): readonly OpenRoute[] {
  const document = JSON.stringify(openapi({ magicTypes: deps.magicTypes, version: VERSION }))
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
    {
      spec: openapiSpec,
      handle: async ({ response }: Exchange) => {
        response.type('json').send(document)
      },
    },
  ]
}

const RETRY_AFTER_S = 5

function sendHealth({ request, response }: Exchange, health: Health = { ok: false, checks: [] }): void {
  if (!health.ok) response.set('Retry-After', String(RETRY_AFTER_S))
  response.status(health.ok ? 200 : 503).json('verbose' in request.query ? health : { ok: health.ok })
}
