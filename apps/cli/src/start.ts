import { MAGIC_TYPES } from '@magictask/chains'
import type { ModelsConfig } from '@magictask/models'
import type { Clock, Log } from '@magictask/runtime'
import { type AllInOne, startAllInOne } from './all-in-one.ts'
import { createApiClient } from './api-client.ts'
import { type CheckedFile, checkFile } from './check-file.ts'
import type { StartConfig } from './config.ts'
import { DEMO_TENANT, tokenFor } from './demo-token.ts'
import { TASKS_PER_BATCH } from './file-batches.ts'
import { openFileJournal } from './file-journal.ts'
import { demandFreePort } from './free-port.ts'
import { type Home, occupyHome } from './home.ts'
import { createLineOutput } from './line-output.ts'
import { createLiveLine, type LiveLine } from './live-line.ts'
import { openLogFile } from './log-file.ts'
import { resultsTable } from './results-table.ts'
import { type FileProgress, runFile } from './run-file.ts'
import { runSample } from './run-sample.ts'
import { signingSecret } from './signing-secret.ts'
import { awayLine, howToGoOnLines, runsOnLines, sampleLines } from './start-up-lines.ts'
import { endedOf } from './until-ended.ts'

export interface StartOptions {
  readonly config: StartConfig
  readonly models: ModelsConfig
  readonly home: Home
  /** End after the sample. */
  readonly once: boolean
  /** Run this file instead of the sample, then end. */
  readonly file: string | undefined
  /** Run the file anew, whatever was done of it before. */
  readonly again: boolean
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly clock: Clock
  /** Aborts when the process is told to end. */
  readonly stopping: AbortSignal
  readonly onCrash: (error: unknown) => void
}

/** Runs all-in-one until its work is done or it is told to end. Gives whether everything that it was to run succeeded. */
export async function start(options: StartOptions): Promise<boolean> {
  const { config, home, stopping } = options
  const file = options.file === undefined ? undefined : await checkFile(options.file, MAGIC_TYPES)
  const serves = !options.once && file === undefined
  const screen = file === undefined ? options.stdout : options.stderr
  const live = createLiveLine(screen, options.clock)
  const say = sayOn(screen, live)
  const onAway: Parameters<typeof startAllInOne>[0]['onAway'] = (away) => say(awayLine(away))
  using _occupied = occupyHome(home)
  using logFile = openLogFile(home.logFile, config.LOG_LEVEL)
  if (serves) await demandFreePort(config.LLM_PORT)

  await using system = await startAllInOne({ ...options, ...placeOf(options, serves), log: logFile.log, say, onAway })
  for (const line of runsOnLines(system, home)) say(line)
  const parts = { ...options, system, log: logFile.log, say, live }
  const succeeded = file === undefined ? await showSample(parts) : await showFile(parts, file)
  if (serves) await serve(parts)
  if (stopping.aborted) logFile.log.info('told to end')
  return succeeded
}

interface Parts extends StartOptions {
  readonly system: AllInOne
  readonly log: Log
  readonly say: (line: string) => void
  readonly live: LiveLine
}

function sayOn(screen: NodeJS.WriteStream, live: LiveLine): (line: string) => void {
  return (line) => {
    live.clear()
    screen.write(`${line}\n`)
  }
}

/** What ends by itself is nobody's server: it takes any free port, for this machine alone. */
function placeOf({ config, home }: StartOptions, serves: boolean) {
  const secret = signingSecret(config, home)
  return serves ? { secret, port: config.LLM_PORT } : { secret, port: 0, host: '127.0.0.1' }
}

function clientOf({ system, clock, stopping }: Parts, onWait: (why: string) => void) {
  const address = `http://127.0.0.1:${system.port}`
  return createApiClient({ address, token: system.ownToken, tenant: DEMO_TENANT, clock, signal: stopping, onWait })
}

async function showSample(parts: Parts): Promise<boolean> {
  const { clock, say, live } = parts
  const startedMs = clock.elapsedMs()
  for (const line of sampleLines(MAGIC_TYPES)) say(line)
  try {
    const tasks = await runSample(clientOf(parts, live.show), MAGIC_TYPES, (batch) =>
      live.show(`${endedOf(batch)} of ${batch.counts.submitted} tasks done, ${batch.counts.running} running`),
    )
    const succeeded = tasks.filter((task) => task.status === 'succeeded').length
    const seconds = ((clock.elapsedMs() - startedMs) / 1_000).toFixed(1)
    say(`${succeeded} of ${tasks.length} tasks succeeded in ${seconds} s`)
    say(resultsTable(tasks))
    return succeeded === tasks.length
  } finally {
    live.clear()
  }
}

async function serve({ system, config, home, say, stopping }: Parts): Promise<void> {
  if (stopping.aborted) return
  const token = tokenFor(config, home, { tenant: DEMO_TENANT, tier: 'free', days: 1 })
  for (const line of ['', ...howToGoOnLines(system.port, MAGIC_TYPES, token)]) say(line)
  await new Promise((resolve) => stopping.addEventListener('abort', resolve, { once: true }))
}

async function showFile(parts: Parts, file: CheckedFile): Promise<boolean> {
  const { config, home, clock, say, live, stopping } = parts
  const startedMs = clock.elapsedMs()
  const seconds = () => ((clock.elapsedMs() - startedMs) / 1_000).toFixed(1)
  try {
    const done = await runFile(
      {
        client: clientOf(parts, live.show),
        journal: openFileJournal(home, file, parts.again),
        output: createLineOutput(parts.stdout, stopping),
        tasksPerBatch: Math.min(TASKS_PER_BATCH, config.MAX_WAITING_PER_TENANT, config.MAX_WAITING),
        onProgress: (progress) => live.show(`${progressText(progress)}, ${seconds()} s`),
      },
      file,
    )
    say(doneText(done))
    return done.succeeded === file.tasks
  } finally {
    live.clear()
  }
}

function progressText({ tasks, ended }: FileProgress): string {
  return `${ended} of ${tasks} tasks done (${Math.floor((100 * ended) / tasks)} %)`
}

function doneText({ tasks, succeeded, modelCalls, earlierCalls }: FileProgress): string {
  const earlier = earlierCalls === 0 ? '' : `, and ${earlierCalls} before this run`
  return `${tasks} tasks: ${succeeded} succeeded, ${tasks - succeeded} not; ${modelCalls} model calls${earlier}`
}
