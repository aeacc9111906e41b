import { z } from 'zod'

/** Text that shows: trimmed, with at least one letter, digit or sign, and no longer than `maxLength` UTF-16 units. */
export function visibleText(maxLength: number) {
  return z
    .string()
    .trim()
    .max(maxLength)
    .refine((text) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text), 'has to be more than blanks')
}
