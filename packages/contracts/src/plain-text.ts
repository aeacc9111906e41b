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
