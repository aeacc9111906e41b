import { type Headers, type IncomingRecord, PublishError, type Publisher } from './broker.ts'

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
  const { topic, record, reason, now } = letter
  const { key, value, headers } = record
  const found = {
    'dead-letter-reason': reason,
    'dead-letter-topic': record.topic,
    'dead-letter-partition': String(record.partition),
    'dead-letter-offset': record.offset,
    'dead-letter-time': now.toISOString(),
  }
  try {
    await publisher.publish([{ topic, key, value, headers: { ...headers, ...found } }])
  } catch (error) {
    const bytes = sizeOf(record)
    if (bytes < CUT_FROM_BYTES || !(error instanceof PublishError)) throw error
    const cut = { ...short(headers), ...found, 'dead-letter-cut-from-bytes': String(bytes) }
    await publisher.publish([{ topic, key: start(key), value: start(value), headers: cut }])
  }
}

const CUT_FROM_BYTES = 950_000
/** Of the key, of the value, and of all headers together. */
const CUT_TO_BYTES = 65_536
/** What a header costs besides its name and value, rounded up. */
const HEADER_BYTES = 10

function sizeOf({ key, value, headers }: IncomingRecord): number {
  const inHeaders = Object.entries(headers).reduce((sum, header) => sum + sizeOfHeader(header), 0)
  return (key?.length ?? 0) + (value?.length ?? 0) + inHeaders
}

function sizeOfHeader([name, value]: readonly [string, Buffer | string]): number {
  return HEADER_BYTES + Buffer.byteLength(name) + Buffer.byteLength(value)
}

function start(bytes: Buffer | null): Buffer | null {
  return bytes?.subarray(0, CUT_TO_BYTES) ?? null
}

/** The first headers, as many as there is room for. */
function short(headers: Headers): Headers {
  let bytes = 0
  const fits = (header: readonly [string, Buffer | string]) => {
    bytes += sizeOfHeader(header)
    return bytes <= CUT_TO_BYTES
  }
  return Object.fromEntries(Object.entries(headers).filter(fits))
}
