import type { Publisher, TopicNames } from '@magictask/kafka'
import { type Clock, type Log, type Loop, startLoop, type Telemetry } from '@magictask/runtime'
import { clearResults, type Database, type StoredResult, takeResults } from '@magictask/store'
import { toResultRecord } from './result-records.ts'

export interface AnnounceDeps {
  readonly db: Database
  readonly publisher: Publisher
  readonly topics: TopicNames
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

const PAUSE_MS = 1_000
const OLDER_THAN_MS = 2_000
const AT_ONCE = 500

/** Publishes results that their worker could not: it died in between, or the task was ended by somebody else. */
export function startAnnouncer(deps: AnnounceDeps): Loop {
  return startLoop({
    name: 'announce',
    clock: deps.clock,
    pauseMs: PAUSE_MS,
    turn: async () => {
      const results = await takeResults(deps.db, { olderThanMs: OLDER_THAN_MS, limit: AT_ONCE })
      await announce(deps, results)
      return results.length === AT_ONCE ? 0 : PAUSE_MS
    },
    onError: (error) => deps.log.warn('results could not be published; they are published again', {}, error),
  })
}

/** Publishes the records of ended tasks and, once Kafka has them, strikes them off the outbox. */
export async function announce(deps: Omit<AnnounceDeps, 'log'>, results: readonly StoredResult[]): Promise<void> {
  if (results.length === 0) return
  await publishResults(deps, results)
  await clearResults(
    deps.db,
    results.map((result) => result.taskId),
  )
}

/** Publishes the records of ended tasks. They are announced again unless they are struck off the outbox within two seconds. */
export async function publishResults(
  deps: Pick<AnnounceDeps, 'publisher' | 'topics' | 'clock' | 'telemetry'>,
  results: readonly StoredResult[],
): Promise<void> {
  const now = deps.clock.now()
  await deps.publisher.publish(results.map((result) => toResultRecord(deps.topics, result, now)))
  deps.telemetry.record('magictask_results_published_total', results.length, {})
}
