import type { Lane } from '@magictask/domain'
import type { Admin } from 'kafkajs'
import type { Broker } from './broker.ts'
import { connect, type KafkaCluster } from './connect.ts'

/** The names of the topics of one installation. */
export interface TopicNames {
  readonly lanes: Readonly<Record<Lane, string>>
  readonly results: string
  readonly deadLetters: string
}

/** All names follow from the base topic, which is the lane `normal`; results and dead letters may have their own. */
export function topicNames(
  base: string,
  own: { readonly results?: string | undefined; readonly deadLetters?: string | undefined } = {},
): TopicNames {
  return {
    lanes: { high: `${base}.high`, normal: base, low: `${base}.low` },
    results: own.results ?? `${base}.results`,
    deadLetters: own.deadLetters ?? `${base}.dead-letters`,
  }
}

/** The topics that have to be there, as `Broker.ensureTopics` takes them. */
export type WantedTopics = Parameters<Broker['ensureTopics']>[0]

/** Makes the topics that are missing. Another process that makes them at the same moment does not disturb it. */
export async function ensureKafkaTopics(cluster: KafkaCluster, wanted: WantedTopics): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    for (let tries = 1; ; tries++) {
      try {
        return await makeMissing(admin, wanted)
      } catch (error) {
        if (!isNotKnownYet(error) || tries === MOST_TRIES) throw error
        await cluster.clock.sleep(PAUSE_MS)
      }
    }
  })
}

const MOST_TRIES = 40
const PAUSE_MS = 250

async function makeMissing(admin: Admin, wanted: WantedTopics): Promise<void> {
  // Looked up first, so that an account that may not create topics can run on those an operator made.
  const existing = new Set(await admin.listTopics())
  const missing = wanted.filter(({ name }) => !existing.has(name))
  if (missing.length === 0) return
  await admin.createTopics({
    topics: missing.map(({ name, partitions, replicationFactor }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: READABLE,
    })),
  })
}

/** A busy broker says so of a topic that it has just made; kafkajs waits for leaders, and not for this. */
function isNotKnownYet(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION'
}

/** Forgets a group that nobody is a member of any more. A group that is not there is none to forget. */
export async function deleteKafkaGroup(cluster: KafkaCluster, group: string): Promise<void> {
  await withAdmin(cluster, (admin) => admin.deleteGroups([group])).catch(() => undefined)
}

/**
 * What others write compressed, the broker unpacks: the client reads gzip alone, and dies of a record in zstd, snappy or
 * lz4, again and again.
 */
const READABLE = [{ name: 'compression.type', value: 'uncompressed' }]

const REQUEST_TIMEOUT_MS = 10_000
const RETRIES = 6

async function withAdmin<Answer>(cluster: KafkaCluster, errand: (admin: Admin) => Promise<Answer>): Promise<Answer> {
  const connection = connect(cluster, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES })
  const admin = connection.kafka.admin()
  try {
    await admin.connect()
    return await errand(admin)
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}
