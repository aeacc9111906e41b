import { DEFAULT_TOPIC } from '@magictask/contracts'
import { LANES } from '@magictask/domain'
import { flag, hostList, wholeNumber } from '@magictask/runtime'
import { z } from 'zod'
import type { Broker } from './broker.ts'
import type { KafkaSettings, Sasl } from './connect.ts'
import { openKafkaBroker } from './kafka-broker.ts'
import { openMemoryBroker } from './memory-broker.ts'
import { type TopicNames, topicNames, type WantedTopics } from './topics.ts'

const topic = z.string().regex(/^[\w.-]{1,200}$/, 'has to be 1 to 200 letters, digits, dots, dashes or underscores')

/** How to reach Kafka and what its topics are called; part of the configuration of every process. */
export const KafkaVariables = z
  .object({
    KAFKA_BOOTSTRAP_SERVERS: hostList.optional(),
    KAFKA_TOPIC: topic.default(DEFAULT_TOPIC),
    KAFKA_RESULT_TOPIC: topic.optional(),
    KAFKA_DEAD_LETTER_TOPIC: topic.optional(),
    KAFKA_PARTITIONS: wholeNumber({ min: 1, max: 10_000 }).prefault('24'),
    KAFKA_REPLICATION_FACTOR: wholeNumber({ min: 1, max: 100 }).prefault('1'),
    KAFKA_SSL: flag.prefault('false'),
    KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
    KAFKA_SASL_USERNAME: z.string().optional(),
    KAFKA_SASL_PASSWORD: z.string().optional(),
  })
  .superRefine((variables, context) => {
    const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: user, KAFKA_SASL_PASSWORD: password } = variables
    if (mechanism === undefined || (user !== undefined && password !== undefined)) return
    context.addIssue({
      code: 'custom',
      path: ['KAFKA_SASL_MECHANISM'],
      message: 'needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
    })
  })
export type KafkaVariables = z.infer<typeof KafkaVariables>

/** The topics of this configuration, by what they are for. */
export function topicsOf(variables: KafkaVariables): TopicNames {
  return topicNames(variables.KAFKA_TOPIC, {
    results: variables.KAFKA_RESULT_TOPIC,
    deadLetters: variables.KAFKA_DEAD_LETTER_TOPIC,
  })
}

/** Of results and dead letters: every api reads all results, and pays for each partition with every fetch. */
const FEW_PARTITIONS = 6

/** The topics that start-up makes if they are missing. The lanes have as many partitions as they may have workers. */
export function wantedTopics(variables: KafkaVariables): WantedTopics {
  const { lanes, results, deadLetters } = topicsOf(variables)
  const { KAFKA_PARTITIONS: many, KAFKA_REPLICATION_FACTOR: replicationFactor } = variables
  const few = Math.min(FEW_PARTITIONS, many)
  return [
    ...LANES.map((lane) => ({ name: lanes[lane], partitions: many, replicationFactor })),
    ...[results, deadLetters].map((name) => ({ name, partitions: few, replicationFactor })),
  ]
}

/** Kafka where the configuration names servers, else a broker in this process. */
export async function openBroker(
  variables: KafkaVariables,
  deps: Pick<KafkaSettings, 'clientId' | 'log' | 'clock' | 'telemetry'>,
): Promise<Broker> {
  const { KAFKA_BOOTSTRAP_SERVERS: brokers, KAFKA_SSL: ssl } = variables
  if (brokers === undefined) return openMemoryBroker(deps)
  const sasl = saslOf(variables)
  return openKafkaBroker({ ...deps, brokers, ssl, ...(sasl === undefined ? {} : { sasl }) })
}

function saslOf(variables: KafkaVariables): Sasl | undefined {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = variables
  if (mechanism === undefined || username === undefined || password === undefined) return undefined
  return { mechanism, username, password }
}
