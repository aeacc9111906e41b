import { createSkuCatalogue, MAGIC_TYPES } from '@magictask/chains'
import { RETRY } from '@magictask/domain'
import { openBroker, topicsOf, wantedTopics } from '@magictask/kafka'
import {
  cacheSettings,
  openAnswerCache,
  openEmbedder,
  openTargets,
  readEmbeddings,
  readModelsConfig,
} from '@magictask/models'
import {
  createLog,
  createTelemetry,
  readConfig,
  runToEnd,
  startHealthServer,
  systemClock,
  untilSignal,
} from '@magictask/runtime'
import { migrate, openDatabase } from '@magictask/store'
import { WorkerConfig, workerSettings } from './config.ts'
import { startWorker } from './worker.ts'

const CRASHED = 1

runToEnd(async () => {
  const config = readConfig(WorkerConfig, process.env)
  const embeddings = readEmbeddings(config, process.env)
  const models = { ...readModelsConfig(process.env, MAGIC_TYPES), embeddings }
  const settings = workerSettings(config)
  const log = createLog({ level: config.LOG_LEVEL, app: 'worker' })
  const clock = systemClock
  const telemetry = createTelemetry({ processMetrics: true })
  const topics = topicsOf(config)
  const onCrash = (error: unknown) => {
    log.error('a consumer is dead; the process ends to be started anew', {}, error)
    process.exit(CRASHED)
  }
  const onIdleError = (error: unknown) => log.warn('an idle database connection broke', {}, error)

  // What is opened last is closed first: read downwards for start-up, upwards for shutdown.
  await using open = new AsyncDisposableStack()
  await migrate(config.POSTGRES_URL)
  const database = { url: config.POSTGRES_URL, onIdleError }
  const db = open.use(
    openDatabase({ ...database, name: 'magictask-worker', maxConnections: 8, statementTimeoutMs: 10_000 }),
  )
  const leaseDb = open.use(
    openDatabase({ ...database, name: 'magictask-lease', maxConnections: 1, statementTimeoutMs: 2_000 }),
  )
  const broker = open.use(await openBroker(config, { clientId: 'magictask-worker', log, clock, telemetry }))
  await broker.ensureTopics(wantedTopics(config))
  const publisher = open.use(await broker.openPublisher())
  const targets = await openTargets(models, { clock })
  const cache = open.use(openAnswerCache({ ...targets, ...cacheSettings(config), clock, log, telemetry }))
  const catalogue = createSkuCatalogue({ db, embedder: openEmbedder(embeddings, { clock, log, telemetry }) })
  const retry = { ...RETRY, random: Math.random }
  const worker = open.use(
    await startWorker({
      settings,
      db,
      databaseUrl: config.POSTGRES_URL,
      leaseDb,
      broker,
      publisher,
      topics,
      targets,
      cache,
      catalogue,
      retry,
      clock,
      log,
      telemetry,
      onCrash,
    }),
  )
  const health = open.use(
    await startHealthServer(config.LLM_PORT, { telemetry, live: worker.live, ready: worker.ready }),
  )
  log.info('worker started', {
    port: health.port,
    broker: broker.name,
    targets: [...targets.targets.keys()].join(),
    slots: settings.slots,
    version: settings.version,
  })
  log.info('stopping', { signal: await untilSignal('SIGTERM', 'SIGINT') })
})
