import { randomBytes } from 'node:crypto'
import { createSkuCatalogue } from '@magictask/chains'
import { SCOPES, type Scope } from '@magictask/contracts'
import { TenantId } from '@magictask/domain'
import {
  KafkaVariables,
  type KillableBroker,
  openMemoryBroker,
  type Publisher,
  topicNames,
  wantedTopics,
} from '@magictask/kafka'
import { openOfflineEmbeddings } from '@magictask/models'
import { createTelemetry, noLog, systemClock } from '@magictask/runtime'
import { type Database, openDatabase } from '@magictask/store'
import { createDatabase, type HttpClient, openHttpClient } from '@magictask/testkit'
import { inject } from 'vitest'
import { type Api, type ApiOptions, secretKey, signToken, startApi } from '../src/index.ts'

export const SECRET = randomBytes(32).toString('hex')
export const GENERATE = '/api/public/v1/generate'

/** A fresh api with a database of its own, and every part of it open to the test. */
export interface ApiUnderTest extends AsyncDisposable {
  readonly api: Api
  readonly address: string
  readonly db: Database
  readonly broker: KillableBroker
  readonly publisher: Publisher
  readonly topics: ReturnType<typeof topicNames>
  /** As the tenant `acme`, with every scope. */
  readonly http: HttpClient
}

/** A token of a tenant; every scope unless it is said. */
export function tokenFor(tenant: string, scopes: readonly Scope[] = SCOPES): string {
  return signToken({ secret: SECRET, tenant: TenantId.parse(tenant), tier: 'free', scopes, expiresInSeconds: 60 })
}

/** `changes` may need the database that the api is given. */
export async function startApiUnderTest(
  changes: Partial<ApiOptions> | ((db: Database) => Partial<ApiOptions>) = {},
): Promise<ApiUnderTest> {
  await using open = new AsyncDisposableStack()
  const { url } = open.use(await createDatabase(inject('postgresUrl'), { template: inject('postgresTemplate') }))
  const db = open.use(
    openDatabase({ url, name: 'test', maxConnections: 8, statementTimeoutMs: 4_000, onIdleError: () => undefined }),
  )
  const broker = open.use(openMemoryBroker({ clock: systemClock }))
  const topics = topicNames('magic-task')
  const wanted = wantedTopics(KafkaVariables.parse({ KAFKA_PARTITIONS: '2' }))
  await broker.ensureTopics(wanted)
  const publisher = open.use(await broker.openPublisher())
  const api = open.use(
    await startApi({
      db,
      broker,
      publisher,
      topics,
      wantedTopics: wanted,
      magicTypes: ['title_optimize', 'spam_check'],
      catalogue: createSkuCatalogue({ db, embedder: openOfflineEmbeddings() }),
      tokens: { key: secretKey(SECRET) ?? fail('the secret is too short') },
      caps: { perTenant: 200_000, total: 2_000_000 },
      enableCors: true,
      port: 0,
      host: '127.0.0.1',
      shutdownGraceMs: 5_000,
      loops: [],
      clock: systemClock,
      log: noLog,
      telemetry: createTelemetry({ processMetrics: false }),
      ...(typeof changes === 'function' ? changes(db) : changes),
    }),
  )
  const address = `http://127.0.0.1:${api.port}`
  const http = (await openHttpClient(address)).withToken(tokenFor('acme'))
  const held = open.move()
  return { api, address, db, broker, publisher, topics, http, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

function fail(why: string): never {
  throw new Error(why)
}
