import { z } from 'zod'

/**
 * Text between the limits, counted in characters (code points, as JSON Schema counts). NUL, which PostgreSQL
 * cannot keep, and lone surrogates, which UTF-8 cannot carry, are refused.
 */
export function plainText(limits: { readonly min: number; readonly max: number }) {
  return z
    .string()
    .superRefine((text, context) => {
      const wrong = lengthFault(text, limits) ?? characterFault(text)
      if (wrong !== undefined) context.addIssue(wrong)
    })
    .meta({ minLength: limits.min, maxLength: limits.max, pattern: PLAIN_PATTERN })
}

/** What `plainText` takes, for descriptions, as far as they can say it: JSON Schema has no word for lone surrogates. */
export const PLAIN_PATTERN = '^[^\\u0000]*$'

/** A `plainText` that says something: it is not all blank, blank being what `trim` takes away. */
export function spokenText(limits: { readonly min: number; readonly max: number }) {
  return plainText(limits)
    .refine((text) => text.trim() !== '', 'has to say something')
    .meta({ pattern: `^[^\\u0000]*[^\\u0000${BLANK}][^\\u0000]*$` })
}

/** Inside brackets. Spelt out, since `\s` is not the same in every language that reads a description. */
export const BLANK = '\\u0009-\\u000d \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff'

/** Why a text cannot be kept or carried as it is; undefined when it can. */
export function characterFault(text: string): string | undefined {
  if (text.includes('\0')) return 'has to be free of NUL characters'
  return text.isWellFormed() ? undefined : 'has to be free of lone surrogates'
}

function lengthFault(text: string, limits: { readonly min: number; readonly max: number }): string | undefined {
  const tooLong = text.length > limits.max && (text.length > 2 * limits.max || codePoints(text) > limits.max)
  return tooLong || text.length < limits.min ? `has to be of ${limits.min} to ${limits.max} characters` : undefined
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}
