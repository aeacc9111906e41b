import type { TaskId } from '@magictask/domain'
import { clearResults, type StoredResult } from '@magictask/store'
import { type AnnounceDeps, publishResults } from '@magictask/upkeep'

/** Publishes results right after they are stored, a few rounds at a time. */
export interface ResultsPublisher {
  /** Returns at once. What fails stays in the outbox, and the relay publishes it. */
  publish(results: readonly StoredResult[]): void
  /** For the end: resolves when every round in hand has come out one way or the other. */
  idle(): Promise<void>
}

/** What Kafka has is struck off the outbox by one statement in this time, well before others would announce it again. */
const CLEAR_EVERY_MS = 500

export function createResultsPublisher(deps: AnnounceDeps): ResultsPublisher {
  const { clock, db, log } = deps
  const rounds = new Set<Promise<void>>()
  const ending = new AbortController()
  let published: TaskId[] = []
  let clearing: Promise<void> | undefined

  async function publishRound(results: readonly StoredResult[]): Promise<void> {
    await publishResults(deps, results)
    published.push(...results.map(({ taskId }) => taskId))
    clearing ??= clearSoon()
  }

  async function clearSoon(): Promise<void> {
    await clock.sleep(CLEAR_EVERY_MS, ending.signal)
    clearing = undefined
    const taskIds = published
    published = []
    await clearResults(db, taskIds).catch((error: unknown) =>
      log.warn('the outbox could not be cleared; its results are published once more', {}, error),
    )
  }

  return {
    publish(results) {
      if (results.length === 0) return
      const round = publishRound(results)
        .catch((error: unknown) =>
          log.warn('results could not be published now; the relay does it', { results: results.length }, error),
        )
        .finally(() => rounds.delete(round))
      rounds.add(round)
    },
    async idle() {
      ending.abort()
      await Promise.all(rounds)
      await clearing
    },
  }
}
