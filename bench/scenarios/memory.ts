import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@magictask/testkit'
import type { Measured } from '../figures.ts'
import { collectedHeapMb } from '../inspector.ts'
import { residentMb } from '../process-cpu.ts'
import type { Sizes } from '../sizes.ts'
import { submitMany } from '../submit-many.ts'
import { type SystemDeps, startSystem } from '../system.ts'

const FEW_WAITING = 1_000
const NO_ANSWER_MS = 3_600_000
/** Two marks run out in that time, so that what waits has been put on Kafka again and again. */
const SETTLE_DOWN_MS = 12_000

/** What a worker needs for a long queue, while every slot is taken. The inspector that looks at it is in its memory too. */
export async function measureMemory(deps: SystemDeps, { warmUp, waiting }: Sizes): Promise<Measured> {
  const inspectorPort = await freePort()
  await using system = await startSystem(deps, {
    NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort} --disable-warning=ExperimentalWarning`,
  })
  await deps.model.setLatency(0)
  await submitMany(system, warmUp)
  await system.allEnded()
  await deps.model.setLatency(NO_ANSWER_MS)

  await submitMany(system, FEW_WAITING)
  await sleep(SETTLE_DOWN_MS)
  const fewMb = await collectedHeapMb(inspectorPort)
  await submitMany(system, waiting - FEW_WAITING)
  await sleep(SETTLE_DOWN_MS)
  const rss = residentMb(system.worker.pid).now
  return { 'heap-growth': (await collectedHeapMb(inspectorPort)) - fewMb, rss }
}
