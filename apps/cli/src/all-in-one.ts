import { randomBytes } from 'node:crypto'
import { secretKey, startApi, tokenRules, waitingCaps } from '@magictask/api'
import { createSkuCatalogue, MAGIC_TYPES } from '@magictask/chains'
import { Fault, RETRY } from '@magictask/domain'
import { type Broker, openBroker, topicsOf, wantedTopics } from '@magictask/kafka'
import {
  type AwayTarget,
  cacheSettings,
  type ModelsConfig,
  openAnswerCache,
  openEmbedder,
  openTargets,
  type Targets,
} from '@magictask/models'
import { type Clock, createTelemetry, type Log } from '@magictask/runtime'
import { type Database, migrate, openDatabase, startEmbeddedPostgres } from '@magictask/store'
import { startWorker, workerSettings } from '@magictask/worker'
import type { StartConfig } from './config.ts'
import type { Home } from './home.ts'

interface AllInOneOptions {
  readonly config: StartConfig
  /** Who answers. */
  readonly models: ModelsConfig
  readonly home: Home
  /** What tokens are signed with; left out where somebody else signs them. */
  readonly secret: string | undefined
  /** 0 takes a free one. */
  readonly port: number
  /** Default: every interface. */
  readonly host?: string
  readonly clock: Clock
  readonly log: Log
  /** Told where things are when that is not where one would look. */
  readonly say: (line: string) => void
  /** Told whom tasks wait for, once a minute at most. */
  readonly onAway: (away: readonly AwayTarget[]) => void
  /** A part is dead for good: the process should end. */
  readonly onCrash: (error: unknown) => void
}

/** Api, worker, broker and database in one process. Disposing it drains: what is not done goes on at the next start. */
export interface AllInOne extends AsyncDisposable {
  readonly port: number
  /** A token of this process for itself, beside those that are signed: it never expires, and names its tenant in `X-Tenant-Id`. */
  readonly ownToken: string
  readonly runsOn: {
    readonly postgres: string
    readonly broker: string
    /** Everybody who may answer, as `provider/model`. */
    readonly targets: readonly string[]
  }
}

/** Whoever presses Ctrl-C waits for it, unless `SHUTDOWN_GRACE` says otherwise. */
const GRACE_MS = 3_000
const HTTP_GRACE_MS = 500

/** How long a drain waits for calls in flight: three seconds unless the environment says otherwise. */
export function drainGraceMs(config: StartConfig): number {
  return workerSettings(config, GRACE_MS).graceMs
}

/** Starts everything; it serves as soon as this resolves. */
export async function startAllInOne(options: AllInOneOptions): Promise<AllInOne> {
  const { config, clock, log } = options
  const targets = await openTargets(options.models, { clock })

  // What is opened last is closed first: read downwards for start-up, upwards for shutdown.
  await using opened = new AsyncDisposableStack()
  const postgres = opened.use(await openPostgres(options))
  const databases = openDatabases(postgres.url, log)
  for (const database of Object.values(databases)) opened.use(database)
  const broker = opened.use(await openBroker(config, { clientId: 'magictask', log, clock }))
  await broker.ensureTopics(wantedTopics(config)).catch((cause: unknown) => {
    throw new Error(`${broker.name} cannot be reached`, { cause })
  })
  const { port, ownToken } = opened.use(
    await startParts(options, { databases, databaseUrl: postgres.url, broker, targets }),
  )

  const open = opened.move()
  return {
    port,
    ownToken,
    runsOn: { postgres: postgres.place, broker: broker.name, targets: [...targets.targets.keys()] },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

interface Postgres extends AsyncDisposable {
  readonly url: string
  readonly place: string
}

async function openPostgres({ config, home, say }: AllInOneOptions): Promise<Postgres> {
  await using opened = new AsyncDisposableStack()
  const postgres = config.POSTGRES_URL === undefined ? await embedded(home, say) : named(config.POSTGRES_URL)
  opened.use(postgres)
  await migrate(postgres.url).catch((error: unknown) => {
    const unreachable = error instanceof Fault && error.code === 'service.unavailable'
    throw unreachable ? new Error(`PostgreSQL at ${postgres.place} cannot be reached`, { cause: error }) : error
  })
  opened.move()
  return postgres
}

async function embedded(home: Home, say: (line: string) => void): Promise<Postgres> {
  const postgres = await startEmbeddedPostgres({ dataDir: home.postgresDir, rootDataDir: home.rootPostgresDir, say })
  return {
    url: postgres.url,
    place: `embedded, its data in ${postgres.dataDir}`,
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  }
}

function named(url: string): Postgres {
  const { host, pathname } = new URL(url)
  return { url, place: `${host}${pathname}`, async [Symbol.asyncDispose]() {} }
}

interface Databases {
  readonly api: Database
  readonly worker: Database
  readonly lease: Database
}

function openDatabases(url: string, log: Log): Databases {
  const onIdleError = (error: unknown) => log.warn('an idle database connection broke', {}, error)
  const open = (name: string, maxConnections: number, statementTimeoutMs: number) =>
    openDatabase({ url, name: `magictask-${name}`, maxConnections, statementTimeoutMs, onIdleError })
  return { api: open('api', 8, 4_000), worker: open('worker', 8, 10_000), lease: open('lease', 1, 2_000) }
}

interface Ground {
  readonly databases: Databases
  readonly databaseUrl: string
  readonly broker: Broker
  readonly targets: Targets
}

interface Parts extends AsyncDisposable {
  readonly port: number
  readonly ownToken: string
}

/** Api and worker on the same ground. Both stop at the same time, so that an end takes no longer than the slower one. */
async function startParts(options: AllInOneOptions, ground: Ground): Promise<Parts> {
  const { databases, databaseUrl, broker, targets } = ground
  const { config, secret } = options
  const ownToken = config.LLM_AUTH_TOKEN ?? randomBytes(32).toString('base64url')
  const signed = secret === undefined ? undefined : secretKey(secret)
  const tokens = {
    ...tokenRules(config, options),
    ...(signed === undefined ? {} : { key: signed }),
    serviceToken: ownToken,
  }
  const telemetry = createTelemetry({ processMetrics: true })
  const topics = topicsOf(config)
  const catalogue = createSkuCatalogue({
    db: databases.worker,
    embedder: openEmbedder(options.models.embeddings, { ...options, telemetry }),
  })

  await using opened = new AsyncDisposableStack()
  const publisher = opened.use(await broker.openPublisher())
  const cache = opened.use(openAnswerCache({ ...options, ...targets, ...cacheSettings(config), telemetry }))
  const worker = await startWorker({
    ...options,
    settings: workerSettings(config, GRACE_MS),
    db: databases.worker,
    databaseUrl,
    leaseDb: databases.lease,
    broker,
    publisher,
    topics,
    targets,
    cache,
    catalogue,
    retry: { ...RETRY, random: Math.random },
    telemetry,
  })
  opened.use(worker)
  const api = await startApi({
    ...options,
    db: databases.api,
    broker,
    publisher,
    topics,
    wantedTopics: wantedTopics(config),
    magicTypes: MAGIC_TYPES,
    catalogue,
    tokens,
    caps: waitingCaps(config),
    enableCors: config.LLM_ENABLE_CORS,
    shutdownGraceMs: HTTP_GRACE_MS,
    loops: [],
    notes: worker.notes,
    telemetry,
  })
  opened.defer(async () => {
    await Promise.all([api[Symbol.asyncDispose](), worker[Symbol.asyncDispose]()])
  })

  const open = opened.move()
  return { port: api.port, ownToken, [Symbol.asyncDispose]: () => open.disposeAsync() }
}
