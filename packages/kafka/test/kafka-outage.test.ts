import { noLog, systemClock } from '@magictask/runtime'
import { startKafka } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { openKafkaBroker, PublishError } from '../src/index.ts'
import { eventually, openBundle, textsOf } from './broker-bundle.ts'

const OUTAGE_TEST_MS = 120_000

test(
  'publisher and consumer survive that their broker is killed and started again',
  async () => {
    await using kafka = await startKafka()
    const { brokers } = kafka
    await using bundle = await openBundle(() =>
      openKafkaBroker({ brokers, clientId: 'outage', log: noLog, clock: systemClock }),
    )
    const listener = await bundle.listen()
    await bundle.say('key', 'before')
    await eventually(() => expect(textsOf(listener.heard)).toContain('before'))

    await kafka.stop()
    expect(await bundle.broker.reachable()).toBe(false)
    const error = await bundle.say('key', 'lost').catch((thrown) => thrown)
    expect(error).toBeInstanceOf(PublishError)
    expect(textsOf(error.failed)).toEqual(['lost'])
    // Whoever starts while the broker is away begins as soon as it is back.
    const { topic } = bundle
    const heard: string[] = []
    await using late = await bundle.broker.startConsumer({
      topic,
      group: 'late',
      fromBeginning: true,
      async decide(records) {
        heard.push(...textsOf(records))
        return records.length
      },
      onCrash: (reason) => expect.unreachable(String(reason)),
    })
    await using early = await bundle.broker.openPublisher()
    await eventually(() => !listener.joined()) // what kafkajs itself can outwait is over
    await kafka.start()

    await early.publish([{ topic, key: 'key', value: 'early' }])
    await bundle.say('key', 'after')
    await eventually(() => expect(textsOf(listener.heard)).toEqual(expect.arrayContaining(['early', 'after'])))
    await eventually(() => expect(heard).toEqual(expect.arrayContaining(['before', 'early', 'after'])))
    expect(late.joined()).toBe(true)
    expect(await bundle.broker.reachable()).toBe(true)
  },
  OUTAGE_TEST_MS,
)

test(
  'everything can be disposed while the broker is away',
  async () => {
    await using kafka = await startKafka()
    const { brokers } = kafka
    const bundle = await openBundle(() =>
      openKafkaBroker({ brokers, clientId: 'outage', log: noLog, clock: systemClock }),
    )
    const listener = await bundle.listen()
    await bundle.say('key', 'before')
    await eventually(() => expect(listener.heard).toHaveLength(1))
    await kafka.stop()
    await bundle[Symbol.asyncDispose]()
    expect(listener.joined()).toBe(false)
  },
  OUTAGE_TEST_MS,
)
