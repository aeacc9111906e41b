import type { Consumer as KafkaJsConsumer } from 'kafkajs'
import type { ConsumerOptions } from './broker.ts'
import type { KafkaCluster } from './connect.ts'
import type { PartitionTurns } from './partition-turns.ts'
import { endsWithin } from './time-limit.ts'

/** Tells the group how far its partitions are decided. Never rejects: what is not committed comes again. */
export interface OffsetCommits {
  /** Returns after two seconds at the latest; what then still tries is not begun a second time. */
  commit(): Promise<void>
  /** For the end, when no more is decided: everything, in order, behind what still tries. */
  commitLast(): Promise<void>
}

interface OffsetCommitsDeps {
  readonly cluster: KafkaCluster
  readonly consumer: KafkaJsConsumer
  readonly turns: Pick<PartitionTurns, 'uncommitted' | 'committed'>
  readonly options: Pick<ConsumerOptions, 'topic' | 'group'>
  readonly isMember: () => boolean
}

export function createOffsetCommits(deps: OffsetCommitsDeps): OffsetCommits {
  let trying: Promise<void> | undefined

  async function commit(): Promise<void> {
    trying ??= commitDecided(deps).finally(() => {
      trying = undefined
    })
    await endsWithin(deps.cluster.clock, COMMIT_LIMIT_MS, trying)
  }

  return {
    commit,
    async commitLast() {
      await trying // it may have begun before the last decision
      await commit()
    },
  }
}

const COMMIT_LIMIT_MS = 2_000

async function commitDecided({ cluster, consumer, turns, options, isMember }: OffsetCommitsDeps): Promise<void> {
  const offsets = turns.uncommitted()
  if (offsets.size === 0 || !isMember()) return
  const { topic, group } = options
  try {
    await consumer.commitOffsets([...offsets].map(([partition, offset]) => ({ topic, partition, offset })))
    turns.committed(offsets)
  } catch (error) {
    if (!settlesItself(error)) cluster.log.warn('offsets were not committed', { group }, error)
  }
}

/** A rebalance is under way, or the broker is away: both end in joining, and what was not committed comes again. */
function settlesItself(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const type = 'type' in error ? String(error.type) : error.name
  return PASSING.has(type) || hasNoGroup(error) || settlesItself(error.cause)
}

const PASSING = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
])

/** What kafkajs throws from before its first join, and from after a crash. */
export function hasNoGroup(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Consumer group was not initialized')
}
