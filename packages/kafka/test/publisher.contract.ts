import { describe, expect, test } from 'vitest'
import { deadLetter, type KillableBroker, PublishError } from '../src/index.ts'
import { eventually, numbers, openBundle, textsOf } from './broker-bundle.ts'

/** What every broker promises to those who write. */
export function publisherContract(name: string, open: () => Promise<KillableBroker>): void {
  describe(`${name} keeps the promises of a broker to its publishers`, () => {
    test('a record that is too large is named, and those beside it arrive', async () => {
      await using bundle = await openBundle(open, 1)
      const { publisher, topic } = bundle
      const good = numbers(0, 40).map((value) => ({ topic, key: 'key', value }))
      const large = { topic, key: 'key', value: Buffer.alloc(1_500_000) }
      const beside = bundle.say('key', ...numbers(40, 10))
      const error = await publisher.publish([...good.slice(0, 17), large, ...good.slice(17)]).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(PublishError)
      expect(error.failed).toEqual([large])
      await beside
      const listener = await bundle.listen()
      await eventually(() => expect(new Set(textsOf(listener.heard))).toEqual(new Set(numbers(0, 50))))
    })

    test('a topic that is not there is named, and records of others arrive', async () => {
      await using bundle = await openBundle(open, 1)
      const { publisher, topic } = bundle
      const lost = { topic: `${topic}-nowhere`, key: 'key', value: 'lost' }
      const error = await publisher.publish([lost, { topic, key: 'key', value: 'kept' }]).catch((thrown) => thrown)
      expect(error).toBeInstanceOf(PublishError)
      expect(error.failed).toEqual([lost])
      const listener = await bundle.listen()
      await eventually(() => expect(new Set(textsOf(listener.heard))).toEqual(new Set(['kept'])))
    })

    test('a key has one partition; records without one, or that say so, are spread over all, or stay together', async () => {
      await using bundle = await openBundle(open, 8)
      const { publisher, topic } = bundle
      const records = numbers(0, 100).flatMap((value) => [
        { topic, key: 'one', value },
        { topic, key: null, value },
        { topic, key: 'spread', value, partition: 'spread' as const },
      ])
      await publisher.publish(records)
      const together = numbers(0, 100).map((value) => ({ topic, key: value, value, partition: 'together' as const }))
      await publisher.publish(together)
      const listener = await bundle.listen()
      // At least once: on a busy broker some may come again.
      const places = () => new Set(listener.heard.map(({ partition, offset }) => `${partition}/${offset}`))
      await eventually(() => expect(places().size).toBeGreaterThanOrEqual(400))
      const partitions = (isOne: (key: string | undefined) => boolean) =>
        new Set(listener.heard.filter(({ key }) => isOne(key?.toString())).map(({ partition }) => partition)).size
      expect(partitions((key) => key === 'one')).toBe(1)
      expect(partitions((key) => key === undefined)).toBe(8)
      expect(partitions((key) => key === 'spread')).toBe(8)
      expect(partitions((key) => numbers(0, 100).includes(key ?? ''))).toBe(1)
    })

    test('disposing a publisher sends what is still waiting; afterwards it refuses', async () => {
      await using bundle = await openBundle(open, 1)
      const publisher = await bundle.broker.openPublisher()
      const published = publisher.publish([{ topic: bundle.topic, key: 'key', value: 'last' }])
      await publisher[Symbol.asyncDispose]()
      await published
      await expect(publisher.publish([{ topic: bundle.topic, key: 'key', value: 'late' }])).rejects.toThrow(
        PublishError,
      )
      const listener = await bundle.listen()
      await eventually(() => expect(textsOf(listener.heard)).toEqual(['last']))
    })

    test('a dead letter keeps key, bytes and headers, and says why, whence and when', async () => {
      await using bundle = await openBundle(open, 1)
      const { broker, publisher, topic } = bundle
      const letters = `${topic}-dead-letters`
      await broker.ensureTopics([{ name: letters, partitions: 1, replicationFactor: 1 }])
      const [small, huge] = [Buffer.from([0, 255, 128]), Buffer.alloc(1_048_300, 1)]
      const headers = { traceparent: 'a trace' }
      for (const value of [null, small, huge]) await publisher.publish([{ topic, key: 'key', value, headers }])
      const listener = await bundle.listen()
      await eventually(() => expect(listener.heard).toHaveLength(3))
      const now = new Date('2026-01-01T00:00:00Z')
      for (const record of listener.heard) {
        await deadLetter(publisher, { topic: letters, record, reason: 'record.not_json', now })
      }
      const reader = await bundle.listen({ topic: letters, group: letters })
      await eventually(() => expect(reader.heard).toHaveLength(3))
      expect(reader.heard.map(({ key }) => key?.toString())).toEqual(['key', 'key', 'key'])
      expect(reader.heard.slice(0, 2).map(({ value }) => value)).toEqual([null, small])
      const [, second] = reader.heard
      const said = Object.fromEntries(
        Object.entries(second?.headers ?? {}).map(([header, text]) => [header, String(text)]),
      )
      expect(said).toEqual({
        traceparent: 'a trace',
        'dead-letter-reason': 'record.not_json',
        'dead-letter-topic': topic,
        'dead-letter-partition': '0',
        'dead-letter-offset': '1',
        'dead-letter-time': '2026-01-01T00:00:00.000Z',
      })
    })

    test('whatever part of a record is too large for its dead letter, it is put aside', async () => {
      await using bundle = await openBundle(open, 1)
      const { broker, publisher, topic } = bundle
      const letters = `${topic}-dead-letters`
      await broker.ensureTopics([{ name: letters, partitions: 3, replicationFactor: 1 }])
      const much = Buffer.alloc(1_048_400, 'k')
      const record = { topic, partition: 0, offset: '7', key: null, value: null, headers: {} }
      const large = [
        { ...record, key: much },
        { ...record, headers: { much, mark: 'small' } },
        { ...record, key: much.subarray(500_000), value: much.subarray(540_000) },
      ]
      const now = new Date('2026-01-01T00:00:00Z')
      for (const each of large) await deadLetter(publisher, { topic: letters, record: each, reason: 'x', now })
      const reader = await bundle.listen({ topic: letters, group: letters })
      await eventually(() => expect(reader.heard).toHaveLength(3))
      expect(reader.heard.map(({ headers }) => String(headers['dead-letter-offset']))).toEqual(['7', '7', '7'])
    })
  })
}
