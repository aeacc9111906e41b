import type { SkuCatalogue } from '@magictask/chains'
import type { Broker, Publisher, TopicNames, WantedTopics } from '@magictask/kafka'
import { type Clock, type Log, type Loop, liveness, type Note, readiness, type Telemetry } from '@magictask/runtime'
import { countWaiting, type Database, ping } from '@magictask/store'
import { createApp } from './app.ts'
import type { TokenRules } from './authenticate.ts'
import { listen } from './http-server.ts'
import { startResultListener } from './result-listener.ts'
import { startWaiters } from './waiters.ts'
import { createWaitingRoom, type WaitingCaps } from './waiting-room.ts'

export interface ApiOptions {
  readonly db: Database
  readonly broker: Broker
  readonly publisher: Publisher
  readonly topics: TopicNames
  /** Made as soon as the broker is there, as far as they are missing. */
  readonly wantedTopics: WantedTopics
  readonly magicTypes: readonly string[]
  readonly catalogue: SkuCatalogue
  readonly tokens: TokenRules
  readonly caps: WaitingCaps
  readonly enableCors: boolean
  /** 0 takes a free one. */
  readonly port: number
  /** Default: every interface. */
  readonly host?: string
  /** How long requests under way may go on once the api is disposed. */
  readonly shutdownGraceMs: number
  /** Loops of this process that liveness looks at besides the api's own. */
  readonly loops: readonly Pick<Loop, 'name' | 'idleMs'>[]
  /** What else of this process is worth knowing: readiness shows it, and does not depend on it. */
  readonly notes?: () => readonly Note[]
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

/** An api that listens. Disposing it: nothing more is accepted, those who wait get what there is, the others finish. */
export interface Api extends AsyncDisposable {
  readonly port: number
}

/** Starts the api; it serves as soon as this resolves, with or without a broker. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { db, clock, log } = options
  const onError = (error: unknown) => log.warn('waiters could not be re-read', {}, error)
  const waiters = startWaiters({ db, clock, onError })
  const listener = startResultListener({ ...options, topic: options.topics.results, waiters })
  const room = createWaitingRoom({ caps: options.caps, clock, countWaiting: (tenant) => countWaiting(db, tenant) })
  let draining = false
  const app = createApp({
    ...options,
    waiters,
    room,
    live: () => liveness([...options.loops, waiters.loop, listener]),
    ready: () =>
      readiness(
        [
          { name: 'database', look: () => ping(db).then(() => true) },
          { name: 'not draining', look: () => !draining },
        ],
        options.notes?.(),
      ),
  })
  const stop = async () => {
    await Promise.all([waiters, listener].map((part) => part[Symbol.asyncDispose]()))
  }
  const server = await listen(app, options, clock).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      draining = true
      const closed = server.close(options.shutdownGraceMs)
      await stop()
      await closed
    },
  }
}
