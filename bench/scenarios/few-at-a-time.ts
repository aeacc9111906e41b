import { setTimeout as sleep } from 'node:timers/promises'
import type { Measured } from '../figures.ts'
import { median, percentile } from '../medians.ts'
import type { Sizes } from '../sizes.ts'
import { submitMany } from '../submit-many.ts'
import { type System, type SystemDeps, startSystem } from '../system.ts'
import { LATENCY_MS } from './with-latency.ts'

/** One task alone on an idle system, many times; then a hundred requests of one task a second. */
export async function measureFewAtATime(deps: SystemDeps, sizes: Sizes): Promise<Measured> {
  await using system = await startSystem(deps)
  await deps.model.setLatency(0)
  await submitMany(system, sizes.warmUp)
  await system.allEnded()
  return { alone: await measureAlone(deps, system, sizes.alone), ...(await measureRate(deps, system, sizes)) }
}

async function measureAlone({ model }: SystemDeps, system: System, times: number): Promise<number> {
  const overheadsMs: number[] = []
  for (let time = 0; time < times; time++) {
    await model.setLatency(LATENCY_MS)
    await sleep(Math.random() * LONGEST_PAUSE_MS) // not in step with any loop
    const startedMs = performance.now()
    const { tasks } = await system.submit(1)
    await stored(system, tasks[0]?.task_id ?? '')
    const wallMs = performance.now() - startedMs
    overheadsMs.push(wallMs - (await model.stats()).busyMs)
  }
  return median(overheadsMs)
}

const LONGEST_PAUSE_MS = 400
const LOOK_MS = 1

async function stored({ db }: System, taskId: string): Promise<void> {
  await sleep(LATENCY_MS * 0.9)
  while ((await db.query('select from results where task_id = $1', [taskId])).length === 0) await sleep(LOOK_MS)
}

const REQUESTS_PER_S = 100
const WAIT_S = 20

/** Each request is sent when its time has come, however the others fare. */
async function measureRate({ model }: SystemDeps, system: System, { rateSeconds }: Sizes): Promise<Measured> {
  await model.setLatency(LATENCY_MS)
  const startMs = performance.now()
  const tookS = await Promise.all(
    Array.from({ length: REQUESTS_PER_S * rateSeconds }, async (_, request) => {
      await sleep(Math.max(0, startMs + (request * 1_000) / REQUESTS_PER_S - performance.now()))
      const sentMs = performance.now()
      const answer = await system.submit(1, { waitSeconds: WAIT_S }).catch(() => undefined)
      return answer?.status === 'done' ? (performance.now() - sentMs) / 1_000 : undefined
    }),
  )
  const answeredS = tookS.filter((took) => took !== undefined)
  return {
    'rate-errors': tookS.length - answeredS.length,
    'rate-mean': answeredS.reduce((sum, took) => sum + took, 0) / answeredS.length,
    'rate-p99': percentile(answeredS, 0.99),
  }
}
