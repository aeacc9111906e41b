import type { KillableBroker } from './broker.ts'
import { connect, type KafkaSettings } from './connect.ts'
import { startKafkaConsumer } from './consumer.ts'
import { openKafkaPublisher } from './publisher.ts'
import { endsWithin } from './time-limit.ts'
import { ensureKafkaTopics } from './topics.ts'

/**
 * Apache Kafka. Opening it asks nothing of the broker, so a process starts while that is away. What is opened here is
 * disposed by whoever opened it.
 */
export async function openKafkaBroker(settings: KafkaSettings): Promise<KillableBroker> {
  return {
    name: `Kafka at ${settings.brokers.join(', ')}`,
    ensureTopics: (topics) => ensureKafkaTopics(settings, topics),
    openPublisher: async () => openKafkaPublisher(settings),
    startConsumer: async (options) => startKafkaConsumer(settings, options),
    reachable: () => isReachable(settings),
    async [Symbol.asyncDispose]() {},
  }
}

const REACH_MS = 2_000

async function isReachable(settings: KafkaSettings): Promise<boolean> {
  const connection = connect(settings, { requestTimeoutMs: REACH_MS, connectionTimeoutMs: REACH_MS, retries: 0 })
  const admin = connection.kafka.admin()
  let answered = false
  const asking = admin
    .connect()
    .then(() => admin.describeCluster())
    .then(({ brokers }) => {
      answered = brokers.length > 0
    })
  await endsWithin(settings.clock, REACH_MS, asking)
  connection.cut()
  return answered
}
