import { type IncomingRecord, PublishError, type Publisher } from './broker.ts'

interface DeadLetter {
  /** The dead-letter topic. */
  readonly topic: string
  readonly record: IncomingRecord
  /** Why nobody can read it: a code or a short sentence, never a piece of the record. */
  readonly reason: string
  readonly now: Date
}

/**
 * Puts a record aside: key, bytes and headers as they came, with why, when and where it was found. Rejects while the
 * broker is away; the record is then not decided and comes again. A record that the further headers make too large
 * for the broker is cut, and says so: one that could not be put aside would hold up its partition for ever.
 */
export async function deadLetter(publisher: Publisher, letter: DeadLetter): Promise<void> {
  const { record, reason, now } = letter
  const headers = {
    ...record.headers,
    'dead-letter-reason': reason,
    'dead-letter-topic': record.topic,
    'dead-letter-partition': String(record.partition),
    'dead-letter-offset': record.offset,
    'dead-letter-time': now.toISOString(),
  }
  const { topic } = letter
  const { key, value } = record
  try {
    await publisher.publish([{ topic, key, value, headers }])
  } catch (error) {
    if (value === null || value.length < CUT_FROM_BYTES || !(error instanceof PublishError)) throw error
    const cut = { ...headers, 'dead-letter-cut-from-bytes': String(value.length) }
    await publisher.publish([{ topic, key, value: value.subarray(0, CUT_TO_BYTES), headers: cut }])
  }
}

const CUT_FROM_BYTES = 950_000
const CUT_TO_BYTES = 65_536
