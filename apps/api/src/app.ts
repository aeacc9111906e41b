import { ANSWER_HEADERS } from '@magictask/contracts'
import { Fault } from '@magictask/domain'
import type { Health } from '@magictask/runtime'
import cors from 'cors'
import express, { type Express } from 'express'
import helmet from 'helmet'
import { accessLog } from './access-log.ts'
import type { ApiDeps } from './api-deps.ts'
import { createAuthenticator, type TokenRules } from './authenticate.ts'
import { faultResponse } from './fault-response.ts'
import { nameRequest } from './request-id.ts'
import { mountRoutes } from './route.ts'
import { batchResultsRoute } from './routes/batch-results.ts'
import { cancelBatchRoute } from './routes/cancel-batch.ts'
import { cancelTaskRoute } from './routes/cancel-task.ts'
import { deleteSkuRoute } from './routes/delete-sku.ts'
import { docsRoutes } from './routes/docs.ts'
import { findSkusRoute } from './routes/find-skus.ts'
import { generateRoute } from './routes/generate.ts'
import { getBatchRoute } from './routes/get-batch.ts'
import { getTaskRoute } from './routes/get-task.ts'
import { listTasksRoute } from './routes/list-tasks.ts'
import { operationsRoutes } from './routes/operations.ts'
import { putSkusRoute } from './routes/put-skus.ts'
import { discardUnreadBody } from './unread-body.ts'

export interface AppDeps extends ApiDeps {
  readonly tokens: TokenRules
  /** Whether browsers of other origins may ask. */
  readonly enableCors: boolean
  readonly live: () => Health
  readonly ready: () => Promise<Health>
}

/** The whole of HTTP, without a server. */
export function createApp(deps: AppDeps): Express {
  const app = express()
  app.set('etag', false) // only states have one, and they make it themselves
  app.set('case sensitive routing', true)
  app.use(nameRequest, accessLog(deps), discardUnreadBody, helmet())
  if (deps.enableCors) app.use(cors({ exposedHeaders: Object.keys(ANSWER_HEADERS), maxAge: 600 }))
  const routes = [
    generateRoute(deps),
    getTaskRoute(deps),
    listTasksRoute(deps),
    cancelTaskRoute(deps),
    getBatchRoute(deps),
    cancelBatchRoute(deps),
    batchResultsRoute(deps),
    putSkusRoute(deps),
    findSkusRoute(deps),
    deleteSkuRoute(deps),
    ...operationsRoutes(deps),
    ...docsRoutes(),
  ]
  mountRoutes(app, routes, createAuthenticator(deps.tokens))
  app.use(() => {
    throw new Fault('route.not_found')
  })
  app.use(faultResponse(deps))
  return app
}
