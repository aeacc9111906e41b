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
  ended.abort('ended') // without a reason it would make an error, with its stack
  return inTime
}

/** What the work gives, or an error once this much time has passed; the work itself goes on. */
export async function inTime<Result>(clock: Clock, limitMs: number, work: Promise<Result>): Promise<Result> {
  if (await endsWithin(clock, limitMs, work)) return work
  work.catch(() => undefined)
  throw new Error(`There was no answer within ${limitMs / 1000} s`)
}
