import { z } from 'zod'

/** The parameter `limit` of a list: a whole number from 1 to `max`, as text; `otherwise` when it is left out. */
export function pageSize({ max, otherwise }: { readonly max: number; readonly otherwise: number }) {
  return z
    .custom<string>((text) => typeof text === 'string' && /^\d{1,4}$/.test(text), 'has to be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(max))
    .default(otherwise)
    .meta({
      type: 'integer',
      minimum: 1,
      maximum: max,
      description: `How many at most; ${otherwise} unless it is said.`,
    })
}
