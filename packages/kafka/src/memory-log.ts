import type { IncomingRecord } from './broker.ts'

/** One partition in memory: records in the order they came, each with its offset. */
export interface MemoryLog {
  append(record: Pick<IncomingRecord, 'key' | 'value' | 'headers'>): void
  /** Up to `limit` records from `offset` on, or from the oldest one kept if that has gone. */
  read(offset: number, limit: number): readonly IncomingRecord[]
  /** The offset that the next record gets. */
  end(): number
  /** Lets go of the oldest records below `offset`, as long as more bytes than these are kept. */
  trim(offset: number, keepBytes: number): void
}

export function createMemoryLog(topic: string, partition: number): MemoryLog {
  const records: IncomingRecord[] = []
  let first = 0
  let keptBytes = 0
  return {
    append({ key, value, headers }) {
      const record = { topic, partition, offset: String(first + records.length), key, value, headers }
      records.push(record)
      keptBytes += bytesOf(record)
    },
    read(offset, limit) {
      const from = Math.max(offset - first, 0)
      return records.slice(from, from + limit)
    },
    end: () => first + records.length,
    trim(offset, keepBytes) {
      let gone = 0
      for (const record of records) {
        if (keptBytes <= keepBytes || first + gone >= offset) break
        keptBytes -= bytesOf(record)
        gone += 1
      }
      records.splice(0, gone)
      first += gone
    },
  }
}

/** What the objects around a record's bytes weigh, about. */
const RECORD_BYTES = 200

function bytesOf({ key, value }: IncomingRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + RECORD_BYTES
}
