import type { StoredResult } from '@magictask/store'
import { type AnnounceDeps, announce } from '@magictask/upkeep'

/** Publishes results right after they are stored, a few rounds at a time. */
export interface ResultsPublisher {
  /** Returns at once. What fails stays in the outbox, and the relay publishes it. */
  publish(results: readonly StoredResult[]): void
  /** Resolves when every round in hand has come out one way or the other. */
  idle(): Promise<void>
}

export function createResultsPublisher(deps: AnnounceDeps): ResultsPublisher {
  const rounds = new Set<Promise<void>>()
  return {
    publish(results) {
      if (results.length === 0) return
      const round = announce(deps, results)
        .catch((error: unknown) =>
          deps.log.warn('results could not be published now; the relay does it', { results: results.length }, error),
        )
        .finally(() => rounds.delete(round))
      rounds.add(round)
    },
    async idle() {
      await Promise.all(rounds)
    },
  }
}
