import { runBaseline } from '../baseline.ts'
import type { Measured } from '../figures.ts'
import { cpuMsOf } from '../process-cpu.ts'
import { type Sizes, SLOTS } from '../sizes.ts'
import { submitMany } from '../submit-many.ts'
import { type System, type SystemDeps, startSystem } from '../system.ts'

export const LATENCY_MS = 300

/** The model takes 300 ms: what a task costs now that timers and sockets count, and how busy the slots are kept. */
export async function measureWithLatency(deps: SystemDeps, sizes: Sizes): Promise<Measured> {
  const { model } = deps
  const { tasksAt300Ms: tasks } = sizes
  const loop = { baseUrl: model.baseUrl, warmUp: WARM_UP_CALLS, calls: tasks }
  await model.setLatency(LATENCY_MS)
  const langchain = await runBaseline('langchain', loop)
  const ours = await measureSystem(deps, sizes)
  await model.setLatency(LATENCY_MS)
  const bare = await runBaseline('fetch', loop)
  const { busyMs, calls } = await model.stats()
  const bareUtilisation = utilisation((busyMs / calls) * tasks, bare.wallMs)
  return {
    'cpu-300ms': ours.cpuMs / langchain.cpuMs,
    'cpu-300ms-ours': ours.cpuMs / tasks,
    'cpu-300ms-langchain': langchain.cpuMs / tasks,
    utilisation: ours.utilisation / bareUtilisation,
    'utilisation-ours': ours.utilisation,
    'utilisation-fetch': bareUtilisation,
  }
}

/** Two rounds of every slot: connections are open, and little is waited for. */
const WARM_UP_CALLS = 2 * SLOTS

function utilisation(busyMs: number, wallMs: number): number {
  return busyMs / (SLOTS * wallMs)
}

async function measureSystem(deps: SystemDeps, { warmUp, tasksAt300Ms: tasks }: Sizes) {
  await using system = await startSystem(deps)
  await deps.model.setLatency(0)
  await submitMany(system, warmUp)
  await system.allEnded()
  await deps.model.setLatency(LATENCY_MS)
  await forgetTheRush()

  const before = cpuMs(system)
  const startedMs = performance.now()
  await submitMany(system, tasks)
  await system.allEnded()
  const wallMs = performance.now() - startedMs
  const { busyMs } = await deps.model.stats()
  return { cpuMs: cpuMs(system) - before, utilisation: utilisation(busyMs, wallMs) }
}

const RUSH_MS = 9_000

/** A worker claims by what it settled in the last seconds, and tells of it with its beat: both have to be of now. */
async function forgetTheRush(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, RUSH_MS))
}

function cpuMs({ api, worker }: System): number {
  return cpuMsOf(api.pid) + cpuMsOf(worker.pid)
}
