import type { TaskId } from '@magictask/domain'
import { clearResults, type StoredResult } from '@magictask/store'
import { type AnnounceDeps, publishResults } from '@magictask/upkeep'

/** Publishes results right after they are stored, a few rounds at a time. */
export interface ResultsPublisher {
  /** Returns at once. What fails stays in the outbox, and the relay publishes it. */
  publish(results: readonly StoredResult[]): void
  /** For the end: resolves when every round in hand has come out one way or the other, and is struck off the outbox. */
  idle(): Promise<void>
}

/** What Kafka has is struck off the outbox by one statement in this time, well before others would announce it again. */
const CLEAR_EVERY_MS = 500

export function createResultsPublisher(deps: AnnounceDeps): ResultsPublisher {
  const { clock, db, log } = deps
  const underWay = new Set<Promise<void>>()
  const ending = new AbortController()
  let published: TaskId[] = []
  let isClearDue = false

  function start(work: Promise<void>, whyNot: string): void {
    const done = work.catch((error: unknown) => log.warn(whyNot, {}, error)).finally(() => underWay.delete(done))
    underWay.add(done)
  }

  async function publishRound(results: readonly StoredResult[]): Promise<void> {
    await publishResults(deps, results)
    published.push(...results.map(({ taskId }) => taskId))
    if (isClearDue) return
    isClearDue = true
    start(clearSoon(), 'the outbox could not be cleared; its results are published once more')
  }

  async function clearSoon(): Promise<void> {
    await clock.sleep(CLEAR_EVERY_MS, ending.signal)
    isClearDue = false
    const taskIds = published
    published = []
    await clearResults(db, taskIds)
  }

  return {
    publish(results) {
      if (results.length > 0) start(publishRound(results), 'results could not be published now; the relay does it')
    },
    async idle() {
      ending.abort('ending')
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}
