import { randomUUID } from 'node:crypto'
import { vi } from 'vitest'
import type { ConsumerOptions, IncomingRecord, KillableBroker, KillableConsumer, Publisher } from '../src/index.ts'

/** A topic of its own on a broker, a publisher for it, and consumers that remember what they decided. */
export interface BrokerBundle extends AsyncDisposable {
  readonly broker: KillableBroker
  readonly publisher: Publisher
  readonly topic: string
  /** Publishes these texts under one key, one after the other. */
  say(key: string, ...texts: readonly string[]): Promise<void>
  /** Joins a group and waits until the member has its partitions. */
  listen(options?: Partial<ConsumerOptions>): Promise<Listener>
}

export interface Listener extends KillableConsumer {
  /** Everything that was decided, in the order of the decisions. */
  readonly heard: readonly IncomingRecord[]
}

export async function openBundle(open: () => Promise<KillableBroker>, partitions = 3): Promise<BrokerBundle> {
  const stack = new AsyncDisposableStack()
  const broker = stack.use(await open())
  const topic = `test-${randomUUID()}`
  const sameGroup = `group-${randomUUID()}`
  await broker.ensureTopics([{ name: topic, partitions, replicationFactor: 1 }])
  const publisher = stack.use(await broker.openPublisher())
  return {
    broker,
    publisher,
    topic,
    say: (key, ...texts) => publisher.publish(texts.map((value) => ({ topic, key, value }))),
    async listen(options = {}) {
      const heard: IncomingRecord[] = []
      const { decide = async (records) => records.length } = options
      const consumer = stack.use(
        await broker.startConsumer({
          topic,
          group: sameGroup,
          fromBeginning: true,
          onCrash: (error) => {
            throw error
          },
          ...options,
          async decide(records) {
            const count = await decide(records)
            heard.push(...records.slice(0, count))
            return count
          },
        }),
      )
      await eventually(() => consumer.joined())
      return { ...consumer, heard, joined: consumer.joined }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Waits until something is so; fails with what is wrong about it. */
export async function eventually(look: () => boolean | void | Promise<void>): Promise<void> {
  await vi.waitFor(
    async () => {
      if ((await look()) === false) throw new Error('it did not come about')
    },
    { timeout: 25_000, interval: 10 },
  )
}

export function textsOf(records: readonly IncomingRecord[]): readonly string[] {
  return records.map(({ value }) => value?.toString() ?? '')
}

/** Whole numbers as texts, `count` of them, from `first` on. */
export function numbers(first: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => String(first + index))
}
