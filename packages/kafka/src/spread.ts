import type { OutgoingRecord } from './broker.ts'

/**
 * Says where records of one topic go that are written at once: a number for each, whose remainder by the number of partitions is
 * its partition; undefined where its key decides.
 */
export type Spread = (topic: string, records: readonly OutgoingRecord[]) => readonly (number | undefined)[]

/** Records that are spread go to so many partitions at least, while there are as many of them: to as many members of a group. */
const LEAST_PARTITIONS = 8
/** More than these go on to the next partition: a member with few slots is not to have many while others have none. */
const LONGEST_RUN = 8

/**
 * Goes on, each time, where it ended. Several records go to one partition, for what each partition of a request costs the broker,
 * and whoever writes and reads it, is as much as many records.
 */
export function createSpread(): Spread {
  const turns = new Map<string, number>()
  return (topic, records) => {
    // Publishers that all began with the same partition would fill the same ones side by side.
    const first = turns.get(topic) ?? Math.floor(Math.random() * ANY)
    const spread = records.filter(isSpread).length
    const run = Math.max(1, Math.min(LONGEST_RUN, Math.ceil(spread / LEAST_PARTITIONS)))
    turns.set(topic, first + Math.max(1, Math.ceil(spread / run)))
    let before = 0
    return records.map((record) => {
      if (record.partition === 'together') return first
      return isSpread(record) ? first + Math.floor(before++ / run) : undefined
    })
  }
}

const ANY = 1_000

function isSpread({ key, partition }: OutgoingRecord): boolean {
  return partition === 'spread' || (partition === undefined && key === null)
}
