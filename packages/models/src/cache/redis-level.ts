import type { Clock, Log } from '@magictask/runtime'
import { Redis } from 'ioredis'

/** Texts in a Redis that other processes share. One that is away, slow or full holds nothing up and breaks nothing. */
export interface RedisLevel extends AsyncDisposable {
  /** In the order of the places; undefined where nothing is known. */
  get(places: readonly string[]): Promise<readonly (string | undefined)[]>
  /** Returns at once. */
  set(place: string, text: string): void
}

interface RedisOptions {
  readonly url: string
  readonly ttlMs: number
  readonly clock: Clock
  readonly log: Log
}

/** The bound of what a lookup may wait. */
const MOST_WAIT_MS = 100
/** After a failure nobody waits for it again so long. */
const PAUSE_MS = 1_000
const LONGEST_RECONNECT_PAUSE_MS = 2_000
/** The number rises when what is stored changes its shape. */
const PREFIX = 'magictask:answer:1:'

export function openRedisLevel({ url, ttlMs, clock, log }: RedisOptions): RedisLevel {
  const redis = connect(url)
  const outage = watchOutage(clock, log)
  redis.on('error', outage.failed)
  redis.connect().catch(outage.failed)
  const use = async <Result>(command: () => Promise<Result>): Promise<Result | undefined> => {
    if (redis.status !== 'ready' || outage.pauses()) return undefined
    try {
      const result = await command()
      outage.over()
      return result
    } catch (error) {
      outage.failed(error)
      return undefined
    }
  }
  return {
    async get(places) {
      const texts = await use(() => redis.mget(places.map((place) => PREFIX + place)))
      return places.map((_, at) => texts?.[at] ?? undefined)
    },
    set(place, text) {
      void use(() => redis.set(PREFIX + place, text, 'PX', ttlMs))
    },
    async [Symbol.asyncDispose]() {
      redis.disconnect()
    },
  }
}

/** Nothing is queued while it is away, and nothing that was sent is sent again. */
function connect(url: string): Redis {
  return new Redis(url, {
    lazyConnect: true,
    connectionName: 'magictask-cache',
    protocol: 2,
    disableClientInfo: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: MOST_WAIT_MS,
    connectTimeout: 2_000,
    retryStrategy: (times) => Math.min(times * MOST_WAIT_MS, LONGEST_RECONNECT_PAUSE_MS),
  })
}

/** One line when it goes and one when it is back, however many calls find it gone. */
function watchOutage(clock: Clock, log: Log) {
  let isAway = false
  let untilMs = Number.NEGATIVE_INFINITY
  return {
    failed(error: unknown) {
      untilMs = clock.elapsedMs() + PAUSE_MS
      if (isAway) return
      isAway = true
      log.warn('Redis is away; answers are found again in memory only', { reason: reasonOf(error) })
    },
    over() {
      if (isAway) log.info('Redis is back')
      isAway = false
    },
    pauses: () => clock.elapsedMs() < untilMs,
  }
}

/** A code or a class: the message of a refused command may hold what was to be stored. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
