import type { Clock } from '@magictask/runtime'

/** Waits for the work, but no longer than this; says whether it ended in time. What it throws counts as an end. */
export async function endsWithin(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<boolean> {
  const ended = new AbortController()
  const late = clock.sleep(limitMs, ended.signal).then(() => false)
  const inTime = await Promise.race([
    work.then(
      () => true,
      () => true,
    ),
    late,
  ])
  ended.abort()
  return inTime
}
