import { Fault } from '@magictask/domain'
import { LIMITS } from '../limits.ts'

const VISIBLE = /^[\x21-\x7e]+$/

/** The key of an `Idempotency-Key` header, bare or quoted: `abc` and `"abc"` are the same key. Throws `request.invalid`. */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const key = /^".*"$/.test(header) && header.length > 2 ? header.slice(1, -1) : header
  if (VISIBLE.test(key) && key.length <= LIMITS.idempotencyKeyCharacters) return key
  throw new Fault('request.invalid', {
    detail: `The Idempotency-Key header has to be of 1 to ${LIMITS.idempotencyKeyCharacters} visible ASCII characters.`,
  })
}
