import { runBaseline } from '../baseline.ts'
import type { Measured } from '../figures.ts'
import type { Sizes } from '../sizes.ts'
import type { SystemDeps } from '../system.ts'

/** What a call costs in the process that makes it, the model at 0 ms: ours, the bare one, and one whose answer is known. */
export async function measureOneCall({ model }: SystemDeps, sizes: Sizes): Promise<Measured> {
  await model.setLatency(0)
  const cpuMsOf = async (which: Parameters<typeof runBaseline>[0]) => {
    const loop = { baseUrl: model.baseUrl, warmUp: sizes.warmUp, calls: sizes.tasksAtOnce }
    return (await runBaseline(which, loop)).cpuMs / sizes.tasksAtOnce
  }
  const bareMs = await cpuMsOf('fetch')
  const oursMs = await cpuMsOf('ask')
  const hitMs = await cpuMsOf('cache-hit')
  return { 'cpu-ask': oursMs - bareMs, 'cpu-ask-ours': oursMs, 'cpu-ask-fetch': bareMs, 'cache-hit': hitMs / oursMs }
}
