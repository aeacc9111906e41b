import type { System } from './system.ts'

/** What the figures ask for. */
const BATCH = 100
const AT_ONCE = 4

/** Submits so many tasks in batches of a hundred, a few requests at a time. Resolves when all are taken. */
export async function submitMany(system: System, tasks: number): Promise<void> {
  let left = tasks
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left > 0) {
        const batch = Math.min(BATCH, left)
        left -= batch
        await system.submit(batch)
      }
    }),
  )
}
