import type { IncomingRecord } from '@magictask/kafka'
import { expect, test } from 'vitest'
import { inTurns } from '../src/in-turns.ts'

const recordsOf = (partition: number): readonly IncomingRecord[] => [
  { topic: 't', partition, offset: '0', key: null, value: null, headers: {} },
]

test('of partitions that ask together, the one that took something longest ago goes first', async () => {
  const first: number[] = []
  let room = 0
  const decide = inTurns(async ([record]) => {
    if (room === 0) return 0
    room -= 1
    first.push(record?.partition ?? -1)
    return 1
  })
  for (let round = 0; round < 6; round++) {
    room = 1
    await Promise.all([0, 1, 2].map((partition) => decide(recordsOf(partition))))
  }
  expect(first).toEqual([0, 1, 2, 0, 1, 2])
})

test('a partition that asks alone goes at once', async () => {
  const decide = inTurns(async (records) => records.length)
  expect(await decide(recordsOf(3))).toBe(1)
  expect(await decide(recordsOf(3))).toBe(1)
})
