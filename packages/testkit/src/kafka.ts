import { openKafkaBroker } from '@magictask/kafka'
import { type Environment, noLog, systemClock } from '@magictask/runtime'
import { startKafkaFromJars } from './kafka-from-jars.ts'
import { startKafkaInDocker } from './kafka-in-docker.ts'
import type { TestKafka } from './test-kafka.ts'

interface StartKafkaOptions {
  /**
   * Where `KAFKA_BOOTSTRAP_SERVERS` and `XDG_CACHE_HOME` are looked up. Left out: a Kafka of its own, whatever the
   * machine's environment names; what a test needs that kills its broker.
   */
  readonly env?: Environment
}

/** One that is handed in, else one in Docker, else one from Maven's jars; throws an error that says what to install. */
export async function startKafka({ env = {} }: StartKafkaOptions = {}): Promise<TestKafka> {
  const handedIn = env.KAFKA_BOOTSTRAP_SERVERS ?? ''
  if (handedIn !== '') return handedInKafka(handedIn.split(',').map((broker) => broker.trim()))
  const reasons: string[] = []
  for (const [way, start] of WAYS) {
    try {
      return await start({ env, isUp })
    } catch (error) {
      reasons.push(`${way}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error([NEEDED, ...reasons].join('\n  '))
}

const WAYS = [
  ['Docker', startKafkaInDocker],
  ['Maven and Java', startKafkaFromJars],
] as const

const NEEDED =
  'The tests need a real Kafka. Set KAFKA_BOOTSTRAP_SERVERS, or start Docker, or install Java 17 and Maven (on Debian: apt-get install openjdk-17-jre-headless maven).'

function handedInKafka(brokers: readonly string[]): TestKafka {
  const notOurs = async () => {
    throw new Error('This Kafka was named by KAFKA_BOOTSTRAP_SERVERS, so a test may not stop or start it')
  }
  return {
    brokers,
    how: 'KAFKA_BOOTSTRAP_SERVERS',
    stop: notOurs,
    start: notOurs,
    async [Symbol.asyncDispose]() {},
  }
}

const UP_TRIES = 300
const UP_PAUSE_MS = 200

async function isUp(brokers: readonly string[], gone?: Promise<never>): Promise<void> {
  await using kafka = await openKafkaBroker({ brokers, clientId: 'testkit', log: noLog, clock: systemClock })
  for (let tries = 0; tries < UP_TRIES; tries += 1) {
    const answers = kafka.reachable()
    if (await (gone === undefined ? answers : Promise.race([answers, gone]))) return
    await systemClock.sleep(UP_PAUSE_MS)
  }
  throw new Error(`Kafka at ${brokers.join(', ')} did not answer within a minute`)
}
