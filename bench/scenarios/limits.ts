import { setTimeout as sleep } from 'node:timers/promises'
import { type ModelServer, type Script, startModelServer } from '@magictask/testkit'
import type { Measured } from '../figures.ts'
import { type Sizes, SLOTS } from '../sizes.ts'
import { submitMany } from '../submit-many.ts'
import { type System, type SystemDeps, startSystem } from '../system.ts'

/** Limits while workers die, and how much of a small one is used; a provider that takes less than it is asked; one that goes away and comes back. */
export async function measureLimits(deps: SystemDeps, sizes: Sizes): Promise<Measured> {
  return {
    'over-admission': await measureOverAdmission(deps, sizes),
    'limit-in-use-100ms': await measureInUse(deps, sizes, { latencyMs: 100, workers: 1 }),
    'limit-in-use-300ms': await measureInUse(deps, sizes, { latencyMs: 300, workers: 1 }),
    'limit-in-use-two': await measureInUse(deps, sizes, { latencyMs: 300, workers: 2 }),
    'calls-rate-limited': await measureRateLimited(deps, sizes),
    ...(await measureOutages(deps, sizes)),
  }
}

const LIMIT = 5
const WORKERS = 4
const KILL_EVERY_MS = 3_000

/** The most calls at once that the model saw, less the limit. */
async function measureOverAdmission(deps: SystemDeps, { limitTasks, kills }: Sizes): Promise<number> {
  await using model = await startModelServer({ latencyMs: 200 })
  const env = {
    MAGICTASK__limits__concurrency: String(LIMIT),
    LLM_MAX_WORKERS: String(SLOTS / WORKERS),
    WORKER_LEASE: '5s',
  }
  await using system = await systemWith(deps, model, env)
  const workers = [system.worker, ...(await startWorkers(system, WORKERS - 1))]
  await submitMany(system, limitTasks)
  for (let kill = 0; kill < kills; kill++) {
    await sleep(KILL_EVERY_MS)
    workers[kill]?.kill('SIGKILL')
    workers.push(await system.startWorker())
  }
  await system.allEnded()
  return model.maxAtOnce - LIMIT
}

function startWorkers(system: System, count: number) {
  return Promise.all(Array.from({ length: count }, () => system.startWorker()))
}

const SMALL_LIMIT = 2
/** Until workers have joined their groups and the pace is found. */
const FIRST_MS = 10_000

/** The sum of the calls' times over the limit times the wall, from some seconds after the start on, while more than enough waits. */
async function measureInUse(
  deps: SystemDeps,
  { inUseSeconds }: Sizes,
  { latencyMs, workers }: { readonly latencyMs: number; readonly workers: number },
): Promise<number> {
  await using model = await startModelServer({ latencyMs })
  const env = { MAGICTASK__limits__providers__openai__concurrency: String(SMALL_LIMIT) }
  await using system = await systemWith(deps, model, env)
  await startWorkers(system, workers - 1)
  const lastingMs = 2 * (FIRST_MS + inUseSeconds * 1_000)
  await submitMany(system, Math.ceil((SMALL_LIMIT * lastingMs) / latencyMs))
  await sleep(FIRST_MS)
  const fromMs = performance.now()
  await sleep(inUseSeconds * 1_000)
  const untilMs = performance.now()
  const busyMs = model
    .calls()
    .map(({ startedMs, endedMs = untilMs }) => Math.max(0, Math.min(endedMs, untilMs) - Math.max(startedMs, fromMs)))
  return busyMs.reduce((sum, ms) => sum + ms, 0) / (SMALL_LIMIT * (untilMs - fromMs))
}

const CALLS_PER_S = 20

async function measureRateLimited(deps: SystemDeps, { limitTasks }: Sizes): Promise<number> {
  await using model = await startModelServer({ latencyMs: 300, script: takes(CALLS_PER_S) })
  await using system = await systemWith(deps, model)
  await submitMany(system, limitTasks)
  await system.allEnded()
  return model.calls().length / limitTasks
}

/** So many calls in each second of the clock; the rest is refused, with the second to wait. */
function takes(callsPerSecond: number): Script {
  let second = 0
  let taken = 0
  return () => {
    const now = Math.floor(performance.now() / 1_000)
    if (now !== second) taken = 0
    second = now
    if (taken === callsPerSecond) return { kind: 'rate-limited', retryAfter: '1', latencyMs: 5 }
    taken += 1
    return undefined
  }
}

const SHORT_OUTAGE_MS = 20_000

/** Away for 20 s, and then for longer, each in the middle of the work; it answers with 503, so that it counts what it is asked. */
async function measureOutages(deps: SystemDeps, { outageTasks, outageSeconds }: Sizes): Promise<Measured> {
  await using model = await startModelServer({ latencyMs: 300 })
  await using system = await systemWith(deps, model)
  await submitMany(system, outageTasks)
  const afterShort = await outage(model, SHORT_OUTAGE_MS)
  const afterLong = await outage(model, outageSeconds * 1_000)
  await system.allEnded()
  const [row] = await system.db.query<{ failed: number }>(
    `select count(*)::int as failed from tasks where state <> 'succeeded'`,
  )
  return {
    'calls-outage': model.calls().length / outageTasks,
    'failed-outage': row?.failed ?? Number.NaN,
    'back-after-20s': afterShort,
    'back-after-long': afterLong,
  }
}

/** Resolves once an answer was given after it, with the seconds that this took. */
async function outage(model: ModelServer, ms: number): Promise<number> {
  await untilAnswered(model, model.calls().length)
  model.setScript(() => ({ kind: 'status', status: 503, latencyMs: 10 }))
  await sleep(ms)
  model.setScript(() => undefined)
  const backMs = performance.now()
  await untilAnswered(model, model.calls().length)
  return (performance.now() - backMs) / 1_000
}

const LOOK_MS = 20

async function untilAnswered(model: ModelServer, from: number): Promise<void> {
  const isAnswered = () =>
    model
      .calls()
      .slice(from)
      .some(({ behaviour, endedMs }) => behaviour === 'answer' && endedMs !== undefined)
  while (!isAnswered()) await sleep(LOOK_MS)
}

function systemWith(deps: SystemDeps, { baseUrl }: ModelServer, env = {}): Promise<System> {
  return startSystem({ ...deps, model: { ...deps.model, baseUrl } }, env)
}
