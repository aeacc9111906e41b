import { runBaseline } from '../baseline.ts'
import type { Measured } from '../figures.ts'
import { cpuMsOf, residentMb } from '../process-cpu.ts'
import type { Sizes } from '../sizes.ts'
import { submitMany } from '../submit-many.ts'
import { type System, type SystemDeps, startSystem } from '../system.ts'
import { readTraffic, type Traffic } from '../traffic.ts'

/** The model answers at once: what a task costs, in the processes, in the servers, and in round trips. */
export async function measureNoLatency(deps: SystemDeps, sizes: Sizes): Promise<Measured> {
  const { model } = deps
  await model.setLatency(0)
  const loop = { baseUrl: model.baseUrl, warmUp: sizes.warmUp, calls: sizes.tasksAtOnce }
  const langchain = await runBaseline('langchain', loop)
  const ours = await measureSystem(deps, sizes)
  const bare = await runBaseline('fetch', loop)
  const langchainMs = langchain.cpuMs / sizes.tasksAtOnce
  return {
    ...ours,
    'cpu-0ms': ours['cpu-0ms-ours'] / langchainMs,
    'cpu-0ms-langchain': langchainMs,
    'cpu-0ms-fetch': bare.cpuMs / sizes.tasksAtOnce,
  }
}

async function measureSystem(deps: SystemDeps, { warmUp, tasksAtOnce: tasks }: Sizes) {
  await using system = await startSystem(deps)
  await submitMany(system, warmUp)
  await system.allEnded()
  await deps.model.setLatency(0)

  const before = readCpu(deps, system)
  const startedMs = performance.now()
  const submitted = submitMany(system, tasks)
  const traffic = await watchTraffic(system, warmUp, tasks)
  await submitted
  await system.allEnded()
  const wallS = (performance.now() - startedMs) / 1_000
  const after = readCpu(deps, system)

  await system.submit(SEVERAL_TASKS, { suggestions: SEVERAL })
  await system.allEnded()
  const { calls } = await deps.model.stats()
  return {
    'cpu-0ms-ours': (after.api + after.worker - before.api - before.worker) / tasks,
    'cpu-api': (after.api - before.api) / tasks,
    'throughput-0ms': tasks / wallS,
    'rss-peak': residentMb(system.worker.pid).peak,
    calls: calls / (tasks + SEVERAL_TASKS * SEVERAL),
    ...ofServers(before, after, tasks),
    ...traffic,
  }
}

const SEVERAL = 3
const SEVERAL_TASKS = 50

function readCpu({ servers }: SystemDeps, { api, worker }: System) {
  return {
    api: cpuMsOf(api.pid),
    worker: cpuMsOf(worker.pid),
    postgres: servers.postgres.cpuMs(),
    kafka: servers.kafka.cpuMs(),
  }
}

type Cpu = ReturnType<typeof readCpu>

function ofServers(before: Cpu, after: Cpu, tasks: number): Measured {
  const { postgres, kafka } = after
  if (postgres === undefined || kafka === undefined) return {}
  const [ofPostgres, ofKafka] = [(postgres - (before.postgres ?? 0)) / tasks, (kafka - (before.kafka ?? 0)) / tasks]
  return { 'cpu-postgres': ofPostgres, 'cpu-kafka': ofKafka, 'cpu-servers': ofPostgres + ofKafka }
}

/** From a fifth to four fifths of the tasks: there is a backlog, and what is counted late at both ends is as much. */
async function watchTraffic(system: System, endedBefore: number, tasks: number): Promise<Measured> {
  const from = await whenEnded(system, endedBefore + tasks * 0.2)
  const to = await whenEnded(system, endedBefore + tasks * 0.8)
  const ended = to.ended - from.ended
  const statements = (to.statements - from.statements - (to.looks - from.looks)) / ended
  const produceRequests = (to.produceRequests - from.produceRequests) / ended
  return { statements, 'produce-requests': produceRequests, 'round-trips': statements + produceRequests }
}

const LOOK_MS = 100
let looks = 0

/** `looks`: our own statements so far, which are not the system's. */
async function whenEnded(system: System, ended: number): Promise<Traffic & { readonly looks: number }> {
  for (;;) {
    const traffic = await readTraffic(system)
    looks += 1
    if (traffic.ended >= ended) return { ...traffic, looks }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
