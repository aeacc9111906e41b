import { randomBytes } from 'node:crypto'
import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { partitionOfKey } from '../src/partition-of-key.ts'

test('a key has the partition that kafkajs and the Java client would give it', () => {
  const theirs = kafkajs.Partitioners.DefaultPartitioner()
  const partitionMetadata = Array.from({ length: 24 }, (_, partitionId) => ({
    partitionId,
    leader: 1,
    isr: [1],
    replicas: [1],
    partitionErrorCode: 0,
  }))
  for (let length = 0; length < 70; length++) {
    for (const key of [randomBytes(length), Buffer.alloc(length, 255), randomBytes(length).toString('latin1')]) {
      const message = { key, value: null }
      expect(partitionOfKey(key, 24), `${key}`).toBe(theirs({ topic: 'any', partitionMetadata, message }))
    }
  }
})

test('a key of a megabyte, which nobody is kept from writing, is hashed at once', () => {
  // With kafkajs' own hash this takes minutes, and the runner's own time-out ends it.
  expect(partitionOfKey(Buffer.alloc(1_000_000, 'k'), 24)).toBeLessThan(24)
})
