import type { Consumer as KafkaJsConsumer } from 'kafkajs'
import type { ConsumerOptions } from './broker.ts'
import { connect, type KafkaCluster } from './connect.ts'
import { createOffsetCommits, hasNoGroup } from './offset-commits.ts'
import { createPartitionTurns, type PartitionTurns } from './partition-turns.ts'
import { endsWithin } from './time-limit.ts'

/** One life of one member of a group, from joining to leaving or losing it. */
export interface GroupMember {
  /** How it ended: it left, it lost the broker and may join anew, or it broke in a way that joining anew does not mend. */
  readonly ended: Promise<'left' | 'lost' | { readonly broke: unknown }>
  joined(): boolean
  resume(): void
  /** Tells the group how far the partitions are decided. Never rejects: what is not committed comes again. */
  commit(): Promise<void>
  /** Takes no more, commits, and leaves the group at once; if the broker does not hear it, within seconds. */
  leave(): Promise<void>
  /** Ends as a killed process would: nothing is committed, and the group has to find out. */
  kill(): void
}

interface GroupMemberDeps {
  readonly cluster: KafkaCluster
  readonly options: Pick<ConsumerOptions, 'topic' | 'group' | 'fromBeginning' | 'decide'>
  /** Called whenever the member fetched, or learnt that it cannot. */
  readonly onTurn: () => void
}

/** Joins in the background: what becomes of it is told by `joined` and `ended`. */
export function joinGroup({ cluster, options, onTurn }: GroupMemberDeps): GroupMember {
  const { clock } = cluster
  const connection = connect(cluster, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES })
  const consumer = connection.kafka.consumer(consumerConfig(options.group))
  const turns = createPartitionTurns({
    decide: options.decide,
    clock,
    fetching: fetchingOf(consumer, options.topic),
    heartbeatMs: HEARTBEAT_MS,
  })
  const end = Promise.withResolvers<Awaited<GroupMember['ended']>>()
  let isMember = false
  const commits = createOffsetCommits({ cluster, consumer, turns, options, isMember: () => isMember })

  consumer.on(consumer.events.FETCH, onTurn)
  consumer.on(consumer.events.REQUEST_TIMEOUT, onTurn) // the broker is stuck, not we
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    isMember = true
    onTurn()
    turns.assigned(payload.memberAssignment[options.topic] ?? [])
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    isMember = false
    end.resolve(mayJoinAnew(payload.error) ? 'lost' : { broke: payload.error })
  })
  const joining = run(consumer, options, turns).catch(async (error: unknown) => {
    await consumer.disconnect().catch(() => undefined)
    end.resolve(mayJoinAnew(error) ? 'lost' : { broke: error })
  })

  async function leave(): Promise<void> {
    const decided = turns.close()
    const left = await endsWithin(clock, LEAVE_MS, partInOrder(decided))
    isMember = false
    if (!left) connection.cut()
    await decided
    end.resolve('left')
  }

  async function partInOrder(decided: Promise<void>): Promise<void> {
    await joining // kafkajs cannot be stopped halfway: it would join after all and fetch for ever
    await decided
    await commits.commitLast()
    await consumer.disconnect()
  }

  function kill(): void {
    connection.cut()
    isMember = false
    void turns.close()
    end.resolve('left')
  }

  return { ended: end.promise, joined: () => isMember, resume: turns.resume, commit: commits.commit, leave, kill }
}

/** So long the whole group stands still when a member dies; heartbeats wait for no task, so short is safe. */
const SESSION_MS = 6_000
const HEARTBEAT_MS = 1_500
const REBALANCE_MS = 30_000
/** An idle fetch is asked again after this time, and so long leaving may take. */
const FETCH_WAIT_MS = 500
/** So late it learns of partitions that were added to its topic. */
const METADATA_MS = 60_000
const REQUEST_TIMEOUT_MS = 25_000
/** About eight seconds: a broker's partitions find a new leader in that time; after it the group is joined anew. */
const RETRIES = 10
const LEAVE_MS = 3_000
/** What has no room is fetched again, so little is fetched at once. A larger record still comes, alone. */
const PARTITION_BYTES = 256 * 1024
/** No partition waits for another to be decided. */
const PARTITIONS_AT_ONCE = 128

function consumerConfig(groupId: string) {
  return {
    groupId,
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    minBytes: 1,
    metadataMaxAge: METADATA_MS,
    maxBytesPerPartition: PARTITION_BYTES,
    allowAutoTopicCreation: false,
    // Joining anew is our caller's business: kafkajs' own restart cannot be called off.
    retry: { retries: RETRIES, restartOnFailure: async () => false },
  }
}

async function run(
  consumer: KafkaJsConsumer,
  { topic, fromBeginning }: GroupMemberDeps['options'],
  turns: PartitionTurns,
): Promise<void> {
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
    eachBatch: (payload) => turns.take(payload),
  })
}

/** After a crash kafkajs has no group to pause or to resume; the next one starts without pauses. */
function fetchingOf(consumer: KafkaJsConsumer, topic: string) {
  const ifThereIsAGroup = (act: () => void) => {
    try {
      act()
    } catch (error) {
      if (!hasNoGroup(error)) throw error
    }
  }
  return {
    pause: (partitions: readonly number[]) =>
      ifThereIsAGroup(() => consumer.pause([{ topic, partitions: [...partitions] }])),
    resume: (partition: number) => ifThereIsAGroup(() => consumer.resume([{ topic, partitions: [partition] }])),
    resumeAll: () => ifThereIsAGroup(() => consumer.resume([{ topic }])),
  }
}

/** kafkajs' own rule for what a restart may mend: retries that ran out, and what it calls retriable. */
function mayJoinAnew(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'KafkaJSNumberOfRetriesExceeded') return true
  return error.cause instanceof Error ? mayJoinAnew(error.cause) : 'retriable' in error && error.retriable === true
}
