import { submitMany } from './submit-many.ts'
import { type SystemDeps, startSystem } from './system.ts'

/** Sends so many tasks through a system of their own before anything is measured: a new Kafka spends its first minute on compiling itself. */
export async function warmServers(deps: SystemDeps, tasks: number): Promise<void> {
  await deps.model.setLatency(0)
  await using system = await startSystem(deps)
  await submitMany(system, tasks)
  await system.allEnded()
}
