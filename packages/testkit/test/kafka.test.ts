import { expect, test } from 'vitest'
import { startKafka } from '../src/index.ts'

test('a Kafka that is handed in is used as it is, and may be neither stopped nor started', async () => {
  await using kafka = await startKafka({ env: { KAFKA_BOOTSTRAP_SERVERS: 'one:9092, two:9092' } })
  expect(kafka.brokers).toEqual(['one:9092', 'two:9092'])
  expect(kafka.how).toBe('KAFKA_BOOTSTRAP_SERVERS')
  await expect(kafka.stop()).rejects.toThrow('may not stop or start it')
  await expect(kafka.start()).rejects.toThrow('may not stop or start it')
})
