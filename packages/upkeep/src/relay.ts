import { LANES, type Queue } from '@magictask/domain'
import type { Publisher, TopicNames } from '@magictask/kafka'
import { type Clock, type Log, type Loop, startLoop, type Telemetry } from '@magictask/runtime'
import { type Database, markReleased } from '@magictask/store'
import { toTaskRecord } from './task-records.ts'

export interface RelayDeps {
  readonly db: Database
  readonly publisher: Publisher
  readonly topics: TopicNames
  /** This process, for the lease: one at a time releases. */
  readonly holder: string
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

const QUEUES: readonly Queue[] = ['text.free', 'text.paid']
const LEASE_MS = 3_000
/** What is on Kafka lasts for ten such pauses, so a shorter one only costs statements. */
const BUSY_PAUSE_MS = 50
const IDLE_PAUSE_MS = 200
const OTHER_HOLDS_PAUSE_MS = 1_000

/**
 * Puts on Kafka what should be there and is not: what found its window full, whose API died after the commit, whose
 * time has come, whose worker died, whose record was lost. Marks first, in a statement of its own, then publishes: a
 * crash between the two leaves a mark that runs out.
 */
export function startRelay(deps: RelayDeps): Loop {
  return startLoop({
    name: 'relay',
    clock: deps.clock,
    pauseMs: IDLE_PAUSE_MS,
    turn: () => release(deps),
    onError: (error) => deps.log.warn('tasks could not be released; they are released again', {}, error),
  })
}

async function release(deps: RelayDeps): Promise<number> {
  const { holds, tasks } = await markReleased(deps.db, {
    holder: deps.holder,
    leaseMs: LEASE_MS,
    lanes: LANES,
    queues: QUEUES,
  })
  if (!holds) return OTHER_HOLDS_PAUSE_MS
  if (tasks.length === 0) return IDLE_PAUSE_MS
  const now = deps.clock.now()
  await deps.publisher.publish(tasks.map((task) => toTaskRecord(deps.topics, task, now)))
  for (const lane of LANES) {
    const released = tasks.filter((task) => task.lane === lane).length
    if (released > 0) deps.telemetry.record('magictask_tasks_released_total', released, { lane })
  }
  return BUSY_PAUSE_MS
}
