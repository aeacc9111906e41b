import { ConfigError } from './config.ts'

const WRONG_CONFIGURATION = 2
const CRASHED = 1

/**
 * Runs a process's whole life. It ends with 0 when `life` resolves, 2 for a configuration that cannot be used, else 1,
 * and says why on standard error. It ends at once: a broker that is away leaves timers of its client behind.
 */
export function runToEnd(life: () => Promise<void>): void {
  life().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exit(error instanceof ConfigError ? WRONG_CONFIGURATION : CRASHED)
    },
  )
}
