import { Fault } from '@magictask/domain'
import { z } from 'zod'

/** A record's wire version. A new optional field stays in it; a new meaning is the next version, in a file of its own. */
export interface Contract<Schema extends z.ZodType> {
  /** What CloudEvents calls its type (`ce_type`): ends in the version. */
  readonly type: string
  readonly schema: Schema
}

/** A record's value as it goes out. */
export function encode<Schema extends z.ZodType>(contract: Contract<Schema>, record: z.infer<Schema>): string {
  return JSON.stringify(z.encode(contract.schema, record))
}

/** A record's value as it was meant. Throws `record.not_json` or `record.malformed`, which say where but not what. */
export function decode<Schema extends z.ZodType>(contract: Contract<Schema>, value: Buffer | null): z.infer<Schema> {
  const read = contract.schema.safeParse(parse(value))
  if (read.success) return read.data
  const [first] = read.error.issues
  throw new Fault('record.malformed', {
    detail: `${first?.path.join('.') || 'the record'}: ${first?.message}`.slice(0, 200),
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parse(value: Buffer | null): unknown {
  if (value === null) throw new Fault('record.malformed', { detail: 'The record has no value.' })
  try {
    return JSON.parse(utf8.decode(value))
  } catch {
    throw new Fault('record.not_json')
  }
}
