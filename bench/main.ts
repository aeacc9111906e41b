import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Measured } from './figures.ts'
import { mediansOf } from './medians.ts'
import { startModel } from './model.ts'
import { tableOf, writeReport } from './report.ts'
import { SCENARIOS } from './scenarios/all.ts'
import { startServers } from './servers.ts'
import { FULL, QUICK, type Sizes } from './sizes.ts'
import type { SystemDeps } from './system.ts'
import { warmServers } from './warm-servers.ts'

/*
  npm run bench [-- --quick] [-- --only NAME,...] [-- --keep] [-- --rounds N] [-- --outage SECONDS]: every figure of docs/performance.md,
  with its baselines beside it in the same round; a table on standard output, and JSON in bench/results/: of a part only with --keep.
*/
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    outage: { type: 'string' },
  },
})
const only = options.only?.split(',')
const unknown = only?.filter((name) => !SCENARIOS.has(name)) ?? []
if (unknown.length > 0) {
  process.stderr.write(`There is no ${unknown.join(', ')}; --only takes of: ${[...SCENARIOS.keys()].join(', ')}\n`)
  process.exit(2)
}
const sizes = options.quick ? QUICK : FULL
await run({
  ...sizes,
  rounds: Number(options.rounds ?? sizes.rounds),
  outageSeconds: Number(options.outage ?? sizes.outageSeconds),
})

async function run(sizes: Sizes): Promise<void> {
  await using open = new AsyncDisposableStack()
  const startedAt = new Date().toISOString()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void open.disposeAsync().finally(() => process.exit(1)))
  }
  const servers = open.use(await startServers(process.env))
  const model = open.use(await startModel())
  process.stderr.write(`Kafka: ${servers.kafka.how}; PostgreSQL: ${servers.postgres.how}\n`)
  await warmServers({ servers, model }, sizes.warmUpOfServers)
  const rounds: Measured[] = []
  for (let round = 1; round <= sizes.rounds; round++) rounds.push(await measureRound(round, { servers, model }, sizes))
  const report = {
    startedAt,
    quick: options.quick,
    node: process.version,
    cpus: availableParallelism(),
    kafka: servers.kafka.how,
    postgres: servers.postgres.how,
    medians: mediansOf(rounds),
    rounds,
  }
  if (options.quick) process.stdout.write('A quick run: fewer tasks than the lines say, and rough.\n')
  process.stdout.write(`${tableOf(report)}\n`)
  if (only === undefined || options.keep) process.stderr.write(`written to ${await writeReport(report, only)}\n`)
}

async function measureRound(round: number, deps: SystemDeps, sizes: Sizes): Promise<Measured> {
  let measured: Measured = {}
  for (const [name, measure] of SCENARIOS) {
    if (only?.includes(name) === false) continue
    const startedMs = performance.now()
    measured = { ...measured, ...(await measure(deps, sizes)) }
    const tookS = ((performance.now() - startedMs) / 1_000).toFixed(0)
    process.stderr.write(`round ${round} of ${sizes.rounds}, ${name}: ${tookS} s\n`)
  }
  return measured
}
