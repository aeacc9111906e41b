import { freePort, KAFKA_VERSION, kafkaProperties } from './kafka-properties.ts'
import type { KafkaWayDeps, TestKafka } from './test-kafka.ts'

/** A Kafka in a container of its own, on a free port of this machine. */
export async function startKafkaInDocker({ isUp }: KafkaWayDeps): Promise<TestKafka> {
  // Half a second to load, and not needed where Kafka is handed in.
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers')
  const client = await getContainerRuntimeClient().catch((error: unknown) => {
    throw new Error('no Docker daemon answers', { cause: error })
  })
  const port = await freePort()
  const broker = `127.0.0.1:${port}`
  const container = await new GenericContainer(IMAGE)
    .withEnvironment(environment(broker))
    .withExposedPorts({ container: 9092, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start()
  const handle = client.container.getById(container.getId())
  await isUp([broker])
  return {
    brokers: [broker],
    how: `${IMAGE} in Docker`,
    async stop() {
      await handle.kill({ signal: 'SIGKILL' })
      await handle.wait()
    },
    async start() {
      await handle.start()
      await isUp([broker])
    },
    async [Symbol.asyncDispose]() {
      await handle.remove({ force: true, v: true })
    },
  }
}

const IMAGE = `apache/kafka:${KAFKA_VERSION}`

/** The port that clients are told is the host's, which a broker has to know before it starts. `a.b.c` is `KAFKA_A_B_C`. */
function environment(advertised: string): Record<string, string> {
  const properties = kafkaProperties({ broker: '0.0.0.0:9092', controller: 'localhost:9093', advertised })
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, value]),
  )
}
