import {
  type IncomingRecord,
  KafkaVariables,
  openMemoryBroker,
  PublishError,
  type Publisher,
  topicNames,
  wantedTopics,
} from '@magictask/kafka'
import { createTelemetry, noLog, systemClock } from '@magictask/runtime'
import { openStoreUnderTest, type StoreUnderTest } from '@magictask/testkit'
import { inject } from 'vitest'
import type { AnnounceDeps, RelayDeps } from '../src/index.ts'

/** A real PostgreSQL, the memory broker, and everything that was put on it. */
export interface UpkeepUnderTest extends StoreUnderTest {
  readonly deps: AnnounceDeps & RelayDeps
  /** What stands on the lanes and on the result topic, as text. */
  readonly tasks: readonly Heard[]
  readonly results: readonly Heard[]
  /** Until something is so. */
  until(look: () => boolean | Promise<boolean>): Promise<void>
}

export interface Heard {
  readonly key: string
  readonly value: string
  readonly partition: number
}

export async function openUpkeepUnderTest(): Promise<UpkeepUnderTest> {
  await using opened = new AsyncDisposableStack()
  const store = opened.use(await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') }))
  const broker = opened.use(openMemoryBroker({ clock: systemClock }))
  const topics = topicNames('magic-task')
  await broker.ensureTopics(wantedTopics(KafkaVariables.parse({ KAFKA_PARTITIONS: '3' })))
  const publisher = opened.use(await broker.openPublisher())
  const listen = async (names: readonly string[]): Promise<readonly Heard[]> => {
    const heard: Heard[] = []
    for (const topic of names) {
      opened.use(
        await broker.startConsumer({
          topic,
          group: 'test',
          fromBeginning: true,
          decide: async (records) => {
            heard.push(...records.map(heardOf))
            return records.length
          },
          onCrash: (error) => {
            throw error
          },
        }),
      )
    }
    return heard
  }
  const tasks = await listen(Object.values(topics.lanes))
  const results = await listen([topics.results])
  const telemetry = createTelemetry({ processMetrics: false })
  const deps = {
    db: store.db,
    publisher,
    topics,
    holder: await store.hire(),
    tenantWeights: new Map<string, number>(),
    clock: systemClock,
    log: noLog,
    telemetry,
  }
  const open = opened.move()
  return { ...store, deps, tasks, results, until, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

const heardOf = ({ key, value, partition }: IncomingRecord): Heard => ({
  key: String(key),
  value: String(value),
  partition,
})

/** What a broker that is away makes of every record. */
export const rejecting: Publisher = {
  publish: (records) => Promise.reject(new PublishError(records, new Error('away'))),
  [Symbol.asyncDispose]: async () => undefined,
}

async function until(look: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await look())) await systemClock.sleep(5)
}
