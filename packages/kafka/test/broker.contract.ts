import { describe, expect, test } from 'vitest'
import type { KillableBroker } from '../src/index.ts'
import { eventually, numbers, openBundle, textsOf } from './broker-bundle.ts'

/** What every broker promises to those who read. The memory broker has to pass what Kafka passes. */
export function brokerContract(name: string, open: () => Promise<KillableBroker>): void {
  describe(`${name} keeps the promises of a broker to its consumers`, () => {
    test('records of one key are decided in the order in which they were published', async () => {
      await using bundle = await openBundle(open)
      const listener = await bundle.listen()
      for (let first = 0; first < 300; first += 20) await bundle.say('one key', ...numbers(first, 20))
      await eventually(() => expect(listener.heard).toHaveLength(300))
      expect(textsOf(listener.heard)).toEqual(numbers(0, 300))
    })

    test('what was decided but not committed when its consumer died comes again', async () => {
      await using bundle = await openBundle(open, 1)
      const dying = await bundle.listen({
        async decide(records) {
          await dying.kill()
          return records.length
        },
      })
      await bundle.say('key', ...numbers(0, 5))
      await eventually(() => dying.heard.length > 0)
      await bundle.say('key', ...numbers(5, 5))
      const heir = await bundle.listen()
      await eventually(() => expect(textsOf(heir.heard)).toEqual(numbers(0, 10)))
    })

    test('a consumer that leaves commits what it decided, and its heir begins behind it', async () => {
      await using bundle = await openBundle(open)
      const first = await bundle.listen()
      await bundle.say('key', ...numbers(0, 10))
      await eventually(() => expect(first.heard).toHaveLength(10))
      await first[Symbol.asyncDispose]()
      await first[Symbol.asyncDispose]()
      expect(first.joined()).toBe(false)
      await bundle.say('key', 'later')
      const heir = await bundle.listen()
      await eventually(() => expect(textsOf(heir.heard)).toEqual(['later']))
    })

    test('a consumer that leaves waits for the decision in hand', async () => {
      await using bundle = await openBundle(open)
      const slow = Promise.withResolvers<void>()
      let isDeciding = false
      const leaver = await bundle.listen({
        async decide(records) {
          isDeciding = true
          await slow.promise
          return records.length
        },
      })
      await bundle.say('key', 'slow')
      await eventually(() => isDeciding)
      const leaving = leaver[Symbol.asyncDispose]()
      slow.resolve()
      await leaving
      expect(textsOf(leaver.heard)).toEqual(['slow'])
    })

    test('a group that is new begins at the oldest record, or at the end, as it asks', async () => {
      await using bundle = await openBundle(open)
      await bundle.say('key', ...numbers(0, 20))
      const fromEnd = await bundle.listen({ group: `${bundle.topic}-end`, fromBeginning: false })
      const replay = await bundle.listen({ group: `${bundle.topic}-replay` })
      await eventually(() => expect(textsOf(replay.heard)).toEqual(numbers(0, 20)))
      // Where the end is, a consumer asks for a moment after it has joined.
      await eventually(async () => {
        await bundle.say('other key', 'news')
        expect(textsOf(fromEnd.heard)).toContain('news')
      })
      expect(textsOf(fromEnd.heard)).not.toContain('0')
    })

    test('a decision that rejects is asked for again, with the same records, and harms no other partition', async () => {
      await using bundle = await openBundle(open, 2)
      let refusals = 0
      const listener = await bundle.listen({
        async decide(records) {
          if (refusals < 2 && textsOf(records)[0] === 'bad') {
            refusals += 1
            throw new Error('the database is away')
          }
          return records.length
        },
      })
      await bundle.say('a', 'bad', 'next')
      for (const key of numbers(0, 20)) await bundle.say(key, 'other')
      await eventually(() => expect(listener.heard).toHaveLength(22))
      expect(refusals).toBe(2)
      expect(textsOf(listener.heard).filter((text) => text !== 'other')).toEqual(['bad', 'next'])
    })

    test('a record that nobody can read is handed over as it is and does not stop its partition', async () => {
      await using bundle = await openBundle(open, 1)
      const { publisher, topic } = bundle
      const large = Buffer.alloc(900 * 1024, 7)
      const broken = Buffer.from([0xff, 0xfe, 0x00, 0x7b])
      await publisher.publish([
        { topic, key: 'k', value: null, headers: { name: 'value', bytes: Buffer.from([0, 255]) } },
        { topic, key: null, value: '{"not": json' },
        { topic, key: '', value: '' },
        { topic, key: 'k', value: large },
        { topic, key: broken, value: broken },
        { topic, key: 'k', value: 'good' },
      ])
      const listener = await bundle.listen()
      await eventually(() => expect(listener.heard).toHaveLength(6))
      const values = listener.heard.map(({ value }) => value)
      expect(values[0]).toBeNull()
      expect(values[3]?.equals(large)).toBe(true)
      expect(values[4]?.equals(broken)).toBe(true)
      expect(listener.heard.map(({ key }) => key?.toString('latin1'))).toEqual([
        'k',
        undefined,
        '',
        'k',
        broken.toString('latin1'),
        'k',
      ])
      const [first] = listener.heard
      expect(first?.headers).toEqual({ name: Buffer.from('value'), bytes: Buffer.from([0, 255]) })
      expect(listener.heard.map(({ offset }) => offset)).toEqual(numbers(0, 6))
    })

    test('a topic that exists is left as it is, and several may make one at once', async () => {
      await using bundle = await openBundle(open, 2)
      const other = `${bundle.topic}-other`
      const wanted = [bundle.topic, other].map((name) => ({ name, partitions: 5, replicationFactor: 1 }))
      await Promise.all([1, 2, 3].map(() => bundle.broker.ensureTopics(wanted)))
      await bundle.broker.ensureTopics(wanted)
      const listener = await bundle.listen()
      for (const key of numbers(0, 40)) await bundle.say(key, 'text')
      await eventually(() => expect(listener.heard).toHaveLength(40))
      expect(new Set(listener.heard.map(({ partition }) => partition))).toEqual(new Set([0, 1]))
      await bundle.publisher.publish([{ topic: other, key: 'key', value: 'value' }])
      expect(await bundle.broker.reachable()).toBe(true)
    })

    test('a group that belongs to one process is forgotten when that leaves', async () => {
      await using bundle = await openBundle(open)
      const options = { group: `${bundle.topic}-own`, deleteGroupOnLeave: true }
      const first = await bundle.listen(options)
      await bundle.say('key', 'again')
      await eventually(() => expect(first.heard).toHaveLength(1))
      await first[Symbol.asyncDispose]()
      const second = await bundle.listen(options)
      await eventually(() => expect(textsOf(second.heard)).toEqual(['again']))
    })
  })
}
