import { randomUUID } from 'node:crypto'
import { createSkuCatalogue, MAGIC_TYPES } from '@magictask/chains'
import { openBroker, topicsOf, wantedTopics } from '@magictask/kafka'
import { openEmbedder, readEmbeddings } from '@magictask/models'
import { createLog, createTelemetry, readConfig, runToEnd, systemClock, untilSignal } from '@magictask/runtime'
import { migrate, openDatabase } from '@magictask/store'
import { startUpkeep } from '@magictask/upkeep'
import { ApiConfig, waitingCaps } from './config.ts'
import { startApi } from './start-api.ts'
import { tokenRules } from './token-variables.ts'

runToEnd(async () => {
  const config = readConfig(ApiConfig, process.env)
  const embeddings = readEmbeddings(config, process.env)
  const log = createLog({ level: config.LOG_LEVEL, app: 'api' })
  const clock = systemClock
  const telemetry = createTelemetry({ processMetrics: true })
  const topics = topicsOf(config)
  const onIdleError = (error: unknown) => log.warn('an idle database connection broke', {}, error)

  // What is opened last is closed first: read downwards for start-up, upwards for shutdown.
  await using open = new AsyncDisposableStack()
  await migrate(config.POSTGRES_URL)
  const db = open.use(
    openDatabase({
      url: config.POSTGRES_URL,
      name: 'magictask-api',
      maxConnections: 16,
      statementTimeoutMs: 4_000,
      onIdleError,
    }),
  )
  const broker = open.use(await openBroker(config, { clientId: 'magictask-api', log, clock, telemetry }))
  const publisher = open.use(await broker.openPublisher())
  const upkeep = open.use(
    startUpkeep({
      db,
      publisher,
      topics,
      holder: randomUUID(),
      leaseMs: config.WORKER_LEASE,
      tenantWeights: config.TENANT_WEIGHTS,
      clock,
      log,
      telemetry,
    }),
  )
  const api = open.use(
    await startApi({
      db,
      broker,
      publisher,
      topics,
      wantedTopics: wantedTopics(config),
      magicTypes: MAGIC_TYPES,
      catalogue: createSkuCatalogue({ db, embedder: openEmbedder(embeddings, { clock, log, telemetry }) }),
      tokens: tokenRules(config, { clock, log }),
      caps: waitingCaps(config),
      enableCors: config.LLM_ENABLE_CORS,
      port: config.LLM_PORT,
      shutdownGraceMs: config.SHUTDOWN_GRACE,
      loops: upkeep.loops,
      clock,
      log,
      telemetry,
    }),
  )
  log.info('api started', { port: api.port, broker: broker.name })
  log.info('stopping', { signal: await untilSignal('SIGTERM', 'SIGINT') })
})
