import { resolve } from 'node:path'
import { TokenVariables } from '@magictask/api'
import { MAGIC_TYPES } from '@magictask/chains'
import { TenantId, Tier } from '@magictask/domain'
import { readEmbeddings, readModelsConfig } from '@magictask/models'
import { ConfigError, readConfig, systemClock, untilSignal } from '@magictask/runtime'
import { FolderInUse } from '@magictask/store'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { drainGraceMs } from './all-in-one.ts'
import { StartConfig } from './config.ts'
import { demandToken } from './demo-token.ts'
import { PortRefused } from './free-port.ts'
import { homeIn } from './home.ts'
import { start } from './start.ts'

const FAILED = 1
const CANNOT_START = 2
/** What a shell gives for a program that a signal ended. */
const ENDED_BY: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 }
/** What closing takes beyond the drain; whoever told us to end waits for no more. */
const CLOSE_MS = 1_900
const DAYS_LIMIT = 3_650

const home = homeIn(process.cwd())

const program = new Command('magictask').description('Runs large numbers of LLM tasks.').exitOverride()

program
  .command('start')
  .description('Api, worker, broker and database in one process. It runs a sample, then serves.')
  .option('--once', 'end after the sample')
  .option('--file <path>', 'run the tasks of this file (a JSON array or NDJSON) instead; results go to standard output')
  .option('--again', 'with --file: start anew, instead of going on where an earlier run stopped')
  .action(runStart)

program
  .command('token')
  .description('Prints a token, signed with JWT_SECRET or with the secret that start keeps.')
  .option('--tenant <name>', 'who it is for', readTenant, TenantId.parse('demo'))
  .addOption(new Option('--tier <tier>', 'how they pay').choices(['free', 'paid', 'premium']).default('free'))
  .option('--days <n>', 'how long it is good for', readDays, 1)
  .action(runToken)

interface StartFlags {
  readonly once?: true
  readonly file?: string
  readonly again?: true
}

async function runStart(flags: StartFlags): Promise<void> {
  if (flags.again && flags.file === undefined) throw new ConfigError('--again starts a file anew: it needs --file')
  const config = readConfig(StartConfig, process.env)
  const embeddings = readEmbeddings(config, process.env)
  const models = { ...readModelsConfig(process.env, MAGIC_TYPES), embeddings }
  const stopping = stopOnSignals(drainGraceMs(config) + CLOSE_MS)
  const endsByItself = flags.once === true || flags.file !== undefined
  try {
    const succeeded = await start({
      config,
      models,
      home,
      once: flags.once === true,
      // npm changes into the project's folder and tells in which one it was called.
      file: flags.file === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', flags.file),
      again: flags.again === true,
      stdout: process.stdout,
      stderr: process.stderr,
      clock: systemClock,
      stopping,
      onCrash: (error) => {
        fail(error)
        process.exit() // a process that is started anew gets further than one that lacks a part
      },
    })
    process.exitCode = succeeded || !endsByItself ? 0 : FAILED
  } catch (error) {
    if (!stopping.aborted) throw error
    process.stderr.write('Stopped. What is not done goes on at the next start.\n')
    process.exitCode = endsByItself ? ENDED_BY[String(stopping.reason)] : 0
  }
}

/** A second signal is left to the system, and ends the process at once. */
function stopOnSignals(withinMs: number): AbortSignal {
  const stopping = new AbortController()
  const stop = (signal: string) => {
    stopping.abort(signal)
    setTimeout(() => process.exit(ENDED_BY[signal]), withinMs).unref()
  }
  void untilSignal('SIGINT', 'SIGTERM', 'SIGHUP').then(stop)
  // Whoever reads has gone away, or the terminal has.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stop('SIGPIPE'))
  return stopping.signal
}

function runToken({ tenant, tier, days }: { tenant: TenantId; tier: string; days: number }): void {
  const config = readConfig(TokenVariables, process.env)
  const token = demandToken(config, home, { tenant, tier: Tier.parse(tier === 'premium' ? 'paid' : tier), days })
  process.stdout.write(`${token}\n`)
}

function readTenant(text: string): TenantId {
  const tenant = TenantId.safeParse(text)
  if (tenant.success) return tenant.data
  throw new InvalidArgumentError('It has to be of 1 to 128 visible ASCII characters.')
}

function readDays(text: string): number {
  const days = Number(text)
  if (Number.isInteger(days) && days >= 1 && days <= DAYS_LIMIT) return days
  throw new InvalidArgumentError(`It has to be a whole number from 1 to ${DAYS_LIMIT}.`)
}

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : CANNOT_START // it has said what is wrong
    return
  }
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  const cannotStart = error instanceof ConfigError || error instanceof FolderInUse || error instanceof PortRefused
  process.exitCode = cannotStart ? CANNOT_START : FAILED
}

/** It ends at once when its output is out: a broker that is away leaves timers of its client behind. */
async function end(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
  )
  process.exit()
}

program.parseAsync().catch(fail).finally(end)
