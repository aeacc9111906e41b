import type { Clock } from '@magictask/runtime'
import {
  type ConsumerOptions,
  type Headers,
  type KillableBroker,
  type KillableConsumer,
  type OutgoingRecord,
  PublishError,
  type Publisher,
} from './broker.ts'
import { createMemoryGroup, type MemoryGroup } from './memory-group.ts'
import { createMemoryLog, type MemoryLog } from './memory-log.ts'
import { createSpread } from './spread.ts'

interface MemoryTopic {
  readonly logs: readonly MemoryLog[]
  readonly groups: Map<string, MemoryGroup>
}

/**
 * A broker in this process that keeps the promises of the real one, for all-in-one and for tests. Its records end with
 * the process; what every group has committed is let go of beyond a megabyte a partition.
 */
export function openMemoryBroker({ clock }: { readonly clock: Clock }): KillableBroker {
  const topics = new Map<string, MemoryTopic>()
  return {
    name: 'memory broker',
    async ensureTopics(wanted) {
      for (const { name, partitions } of wanted) {
        if (!topics.has(name)) topics.set(name, createTopic(name, partitions))
      }
    },
    openPublisher: async () => openMemoryPublisher(topics),
    startConsumer: async (options) => {
      const topic = topics.get(options.topic)
      if (topic === undefined) throw new Error(`There is no topic ${options.topic}: ensureTopics makes it`)
      return startMemoryConsumer(topic, options, clock)
    },
    reachable: async () => true,
    async [Symbol.asyncDispose]() {},
  }
}

function createTopic(name: string, partitions: number): MemoryTopic {
  return {
    logs: Array.from({ length: partitions }, (_, partition) => createMemoryLog(name, partition)),
    groups: new Map(),
  }
}

function startMemoryConsumer(topic: MemoryTopic, options: ConsumerOptions, clock: Clock): KillableConsumer {
  const { group: name, fromBeginning } = options
  const group =
    topic.groups.get(name) ??
    createMemoryGroup({ logs: topic.logs, fromBeginning, clock, onCommit: (partition) => trim(topic, partition) })
  topic.groups.set(name, group)
  const consumer = group.join(options)
  if (options.deleteGroupOnLeave !== true) return consumer
  return {
    ...consumer,
    async [Symbol.asyncDispose]() {
      await consumer[Symbol.asyncDispose]()
      topic.groups.delete(name)
    },
  }
}

/** What a partition keeps for a group that is yet to come, beyond what every group there is has committed. */
const KEPT_BYTES = 1_048_576
/** Without any group nobody says what is needed: readers may be about to join, or there may never be one. */
const KEPT_UNREAD_BYTES = 4 * KEPT_BYTES

function trim({ logs, groups }: MemoryTopic, partition: number): void {
  const committed = [...groups.values()].map((group) => group.committed(partition))
  logs[partition]?.trim(Math.min(...committed), groups.size === 0 ? KEPT_UNREAD_BYTES : KEPT_BYTES)
}

function openMemoryPublisher(topics: ReadonlyMap<string, MemoryTopic>): Publisher {
  const spread = createSpread()
  let closed = false
  return {
    async publish(records) {
      if (closed) throw new PublishError(records, new Error('The publisher is closed'))
      const refused = [...Map.groupBy(records, ({ topic }) => topic)].flatMap(([name, ofTopic]) => {
        const topic = topics.get(name)
        const turnOf = spread(name, ofTopic)
        return ofTopic.filter((record, at) => topic === undefined || !append(topic, record, turnOf[at]))
      })
      if (refused.length > 0) throw new PublishError(refused, new Error('too large, or there is no such topic'))
    },
    async [Symbol.asyncDispose]() {
      closed = true
    },
  }
}

/** What Kafka takes unless a topic is told otherwise. */
const RECORD_LIMIT_BYTES = 1_048_588

function append(topic: MemoryTopic, record: OutgoingRecord, turn: number | undefined): boolean {
  const { key, value, headers = {} } = record
  if (Buffer.byteLength(key ?? '') + Buffer.byteLength(value ?? '') > RECORD_LIMIT_BYTES) return false
  const partition = (turn ?? hashOf(key)) % topic.logs.length
  topic.logs[partition]?.append({ key: bytes(key), value: bytes(value), headers: asBuffers(headers) })
  if (topic.groups.size === 0) trim(topic, partition)
  for (const group of topic.groups.values()) group.wake(partition)
  return true
}

function bytes(text: string | Buffer | null): Buffer | null {
  return text === null ? null : Buffer.from(text)
}

function asBuffers(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]))
}

/** FNV-1a: spreads well enough, and nobody else has to agree. */
function hashOf(key: string | Buffer | null): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(key ?? '')) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
