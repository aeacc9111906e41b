import { z } from 'zod'

/*
  topic     KAFKA_DEAD_LETTER_TOPIC
  key       as it came
  value     as it came, byte for byte; null stays null
  headers   as they came, and
            dead-letter-reason     a fault code: record.not_json, record.malformed, record.too_large,
                                   record.unknown_task, record.differs
            dead-letter-topic      where it stood
            dead-letter-partition  decimal
            dead-letter-offset     decimal
            dead-letter-time       RFC 3339 in UTC: when it was set aside
            dead-letter-cut-from-bytes  only where it was too large to be set aside whole: the bytes of key,
                                   value and headers before they were cut
  writer    worker, at least once
  reader    people, by the dead-letter commands
  changes   a new header stays v1; a new meaning is dead-letter.v2.ts
*/
const Headers = z.object({
  'dead-letter-reason': z.enum([
    'record.not_json',
    'record.malformed',
    'record.too_large',
    'record.unknown_task',
    'record.differs',
  ]),
  'dead-letter-topic': z.string().min(1),
  'dead-letter-partition': z.codec(z.string().regex(/^\d+$/), z.int(), { decode: Number, encode: String }),
  'dead-letter-offset': z.string().regex(/^\d+$/),
  'dead-letter-time': z.codec(z.iso.datetime(), z.date(), {
    decode: (text) => new Date(text),
    encode: (date) => date.toISOString(),
  }),
  'dead-letter-cut-from-bytes': z.string().regex(/^\d+$/).optional(),
})

/** Where a record that ran nothing came from, and why it ran nothing. Text headers either way. */
export const deadLetterHeadersV1 = Headers
