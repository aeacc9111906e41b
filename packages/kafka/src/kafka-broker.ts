import type { KillableBroker } from './broker.ts'
import { clientLog } from './client-log.ts'
import { connect, type KafkaCluster, type KafkaSettings } from './connect.ts'
import { startKafkaConsumer } from './consumer.ts'
import { openKafkaPublisher } from './publisher.ts'
import { endsWithin } from './time-limit.ts'
import { ensureKafkaTopics } from './topics.ts'

/**
 * Apache Kafka. Opening it asks nothing of the broker, so a process starts while that is away. What is opened here is
 * disposed by whoever opened it.
 */
export async function openKafkaBroker(settings: KafkaSettings): Promise<KillableBroker> {
  const cluster = { ...settings, report: clientLog(settings) }
  return {
    name: `Kafka at ${settings.brokers.join(', ')}`,
    ensureTopics: (topics) => ensureKafkaTopics(cluster, topics),
    openPublisher: async () => openKafkaPublisher(cluster),
    startConsumer: async (options) => startKafkaConsumer(cluster, options),
    reachable: () => isReachable(cluster),
    async [Symbol.asyncDispose]() {},
  }
}

const REACH_MS = 2_000

async function isReachable(cluster: KafkaCluster): Promise<boolean> {
  const connection = connect(cluster, { requestTimeoutMs: REACH_MS, connectionTimeoutMs: REACH_MS, retries: 0 })
  const admin = connection.kafka.admin()
  let answered = false
  const asking = admin
    .connect()
    .then(() => admin.describeCluster())
    .then(({ brokers }) => {
      answered = brokers.length > 0
    })
  await endsWithin(cluster.clock, REACH_MS, asking)
  connection.cut()
  return answered
}
