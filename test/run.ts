import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'

/*
  npm test: types, lint, then the tests; arguments go on to vitest. What needs no Kafka runs first, so that a machine
  without one learns what it can. The last line is `N passed, N failed`, where types and lint count as one each.
*/
interface Count {
  readonly passed: number
  readonly failed: number
}

const Report = z.object({ numPassedTests: z.number(), numFailedTests: z.number() })
const root = join(import.meta.dirname, '..')
const scratch = mkdtempSync(join(tmpdir(), 'magictask-test-'))
const filters = process.argv.slice(2)
process.exitCode = await main()

async function main(): Promise<number> {
  const counts: Count[] = []
  try {
    if (filters.length === 0) {
      counts.push(await step('types', () => turbo('types')))
      counts.push(await step('lint', () => turbo('lint')))
    }
    counts.push(await step('tests without Kafka', () => vitest('plain', 'database')))
    counts.push(await step('tests with Kafka and whole processes', () => vitest('system')))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  const passed = counts.reduce((sum, count) => sum + count.passed, 0)
  const failed = counts.reduce((sum, count) => sum + count.failed, 0)
  if (passed + failed === 0) process.stdout.write(`No test fits ${filters.join(' ')}\n`)
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  return failed === 0 && passed > 0 ? 0 : 1
}

async function step(name: string, work: () => Promise<Count>): Promise<Count> {
  const begunMs = performance.now()
  const count = await work()
  const outcome = count.failed === 0 ? 'ok' : 'FAILED'
  process.stdout.write(`${name}: ${outcome} (${((performance.now() - begunMs) / 1000).toFixed(1)} s)\n`)
  return count
}

async function turbo(task: string): Promise<Count> {
  const quiet = ['--continue', '--output-logs=errors-only', '--log-prefix=task', '--no-update-notifier']
  const code = await run('turbo/bin/turbo', ['run', task, ...quiet])
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

/** A run that fails with every test passed (a service that does not start, a file that does not load) is one failure. */
async function vitest(...projects: readonly string[]): Promise<Count> {
  const report = join(scratch, `${projects.join('-')}.json`)
  const code = await run('vitest/vitest.mjs', [
    'run',
    ...projects.map((project) => `--project=${project}`),
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...filters,
  ])
  const { numPassedTests: passed, numFailedTests: failed } = readReport(report)
  return { passed, failed: code === 0 ? failed : Math.max(1, failed) }
}

function readReport(file: string): z.infer<typeof Report> {
  if (!existsSync(file)) return { numPassedTests: 0, numFailedTests: 0 }
  return Report.parse(JSON.parse(readFileSync(file, 'utf8')))
}

/** Runs an installed tool on this Node, with its output on ours. */
function run(tool: string, args: readonly string[]): Promise<number> {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
  const child = spawn(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.once('SIGTERM', pass)
  return new Promise((resolve) => {
    child.once('error', () => resolve(1))
    child.once('exit', (code) => {
      process.removeListener('SIGTERM', pass)
      resolve(code ?? 1)
    })
  })
}
