import pino from 'pino'

/** Goes into a log line: names, numbers and states; never a prompt, an answer, a token or a key. */
export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>

/** One JSON line an event. `event` is a fixed phrase; what varies stands in `facts`. */
export interface Log {
  info(event: string, facts?: LogFacts): void
  warn(event: string, facts?: LogFacts, error?: unknown): void
  error(event: string, facts?: LogFacts, error?: unknown): void
}

/** From everything to nothing. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A line a task is a system call a task otherwise, which costs as much as the rest of the line together. */
const WRITE_BYTES = 8_192
const WRITE_EVERY_MS = 100

/**
 * Writes to standard output, or where `write` says. Warnings and errors are written at once; other lines may come a tenth of a second
 * late, and only a process that is killed takes those with it. pino escapes line breaks, so no value can forge a line.
 */
export function createLog(options: {
  readonly level: LogLevel
  readonly app: string
  readonly write?: (line: string) => void
}): Log {
  const settings = {
    level: options.level,
    base: { app: options.app },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  }
  const { flush, ...destination } = options.write === undefined ? standardOutput() : unbuffered(options.write)
  const logger = pino(settings, destination)
  return {
    info: (event, facts) => logger.info(facts ?? {}, event),
    warn: (event, facts, error) => {
      logger.warn({ ...facts, ...describeError(error) }, event)
      flush()
    },
    error: (event, facts, error) => {
      logger.error({ ...facts, ...describeError(error) }, event)
      flush()
    },
  }
}

interface Destination {
  write(line: string): void
  /** Writes at once what has gathered. */
  flush(): void
}

function unbuffered(write: (line: string) => void): Destination {
  return { write, flush: () => undefined }
}

function standardOutput(): Destination {
  const output = pino.destination({ sync: true, minLength: WRITE_BYTES, periodicFlush: WRITE_EVERY_MS })
  // Its own `flushSync` would try for ever, and stop the process, once nobody reads what is written.
  const flush = () => output.flush()
  process.once('exit', flush)
  return { write: (line) => output.write(line), flush }
}

/** A log that keeps nothing. */
export const noLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

const MESSAGE_LIMIT = 500

/** An error's name, code, message and first cause, without stack: messages of providers and drivers can be long. */
function describeError(error: unknown): Record<string, string> {
  if (error === undefined) return {}
  if (!(error instanceof Error)) return { error: String(error).slice(0, MESSAGE_LIMIT) }
  const cause =
    error.cause instanceof Error ? { cause: `${error.cause.name}: ${error.cause.message}`.slice(0, MESSAGE_LIMIT) } : {}
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  return { error: `${error.name}: ${error.message}`.slice(0, MESSAGE_LIMIT), ...code, ...cause }
}
