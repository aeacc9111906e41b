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
/** And so do more bytes: what a consumer asks of a partition at once is little more, and a larger batch may have to wait for others'. */
const LARGEST_RUN_BYTES = 128 * 1024

/**
 * Goes on, each time, where it ended. Several records go to one partition, for what each partition of a request costs the broker,
 * and whoever writes and reads it, is as much as many records.
 */
export function createSpread(): Spread {
  const turns = new Map<string, number>()
  return (topic, records) => {
    // Publishers that all began with the same partition would fill the same ones side by side.
    const first = turns.get(topic) ?? Math.floor(Math.random() * ANY)
    const most = Math.min(LONGEST_RUN, Math.ceil(records.filter(isSpread).length / LEAST_PARTITIONS))
    const run = { turn: first, records: 0, bytes: 0 }
    const turnOf = records.map((record) => {
      if (!isSpread(record)) return record.partition === 'together' ? first : undefined
      const bytes = bytesOf(record)
      const isFull = run.records === most || run.bytes + bytes > LARGEST_RUN_BYTES
      if (run.records > 0 && isFull) Object.assign(run, { turn: run.turn + 1, records: 0, bytes: 0 })
      run.records += 1
      run.bytes += bytes
      return run.turn
    })
    turns.set(topic, run.turn + 1)
    return turnOf
  }
}

const ANY = 1_000

function isSpread({ key, partition }: OutgoingRecord): boolean {
  return partition === 'spread' || (partition === undefined && key === null)
}

function bytesOf({ value }: OutgoingRecord): number {
  return Buffer.byteLength(value ?? '')
}
