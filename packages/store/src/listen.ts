import type { Clock } from '@magictask/runtime'
import pg from 'pg'

/** What workers tell each other through PostgreSQL. A notice carries a name, never the news itself: whoever hears it reads. */
export const CHANNELS = {
  /** A limit's slots were given back or are wanted. */
  limits: 'magictask_limits',
  /** A target's state changed. */
  targets: 'magictask_targets',
} as const
export type Channel = (typeof CHANNELS)[keyof typeof CHANNELS]

interface ListenOptions {
  readonly url: string
  /** Shown by PostgreSQL beside the connection. */
  readonly name: string
  readonly channels: readonly Channel[]
  readonly onNotice: (channel: string, payload: string) => void
  /** It listens, for the first time or again: what was told before now was not heard, so everything is to be read. */
  readonly onListening: () => void
  /** The connection broke, or could not be made; it is made anew after a pause. */
  readonly onError: (error: unknown) => void
  readonly clock: Clock
}

const PAUSE_MS = 1_000
const LOOK_MS = 10_000
const TIMEOUT_MS = 3_000

/**
 * Listens on a connection of its own until it is disposed, and looks every ten seconds whether that still stands: one
 * that was cut off without a word would else be silent for ever. Never throws.
 */
export function listen(options: ListenOptions): AsyncDisposable {
  const stopping = new AbortController()
  const running = listenUntil(stopping.signal, options)
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await running
    },
  }
}

async function listenUntil(stop: AbortSignal, options: ListenOptions): Promise<void> {
  while (!stop.aborted) {
    await listenOnce(stop, options).catch(options.onError)
    await options.clock.sleep(PAUSE_MS, stop)
  }
}

/** Resolves when it is told to stop; throws when the connection breaks. */
async function listenOnce(stop: AbortSignal, options: ListenOptions): Promise<void> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: options.name,
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
    keepAlive: true,
  })
  const broken = new AbortController()
  const breaks = (error?: Error) => broken.abort(error ?? new Error('the connection that listens has ended'))
  client.on('error', breaks)
  client.on('end', breaks)
  client.on('notification', ({ channel, payload }) => options.onNotice(channel, payload ?? ''))
  const over = AbortSignal.any([stop, broken.signal])
  try {
    await client.connect()
    for (const channel of options.channels) await client.query(`listen ${channel}`)
    options.onListening()
    while (!over.aborted) {
      await options.clock.sleep(LOOK_MS, over)
      if (!over.aborted) await client.query('select 1')
    }
    if (!stop.aborted) throw broken.signal.reason
  } finally {
    client.off('end', breaks)
    await client.end().catch(() => undefined)
  }
}
