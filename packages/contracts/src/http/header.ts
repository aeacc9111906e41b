import { z } from 'zod'

/** Every header of an answer that means something here. `X-Request-Id` is on all of them. */
export const ANSWER_HEADERS = {
  'X-Request-Id': {
    pattern: '^[A-Za-z0-9._:/+=@~-]{1,128}$',
    says: 'Names this exchange in logs; the one that was sent, if it was usable.',
  },
  'WWW-Authenticate': { pattern: '^Bearer error="[a-z_]+"', says: 'What was wrong with the token (RFC 6750).' },
  'Retry-After': { pattern: '^[1-9][0-9]*$', says: 'Seconds after which to ask again.' },
  Allow: { pattern: '^[A-Z]+(, [A-Z]+)*$', says: 'The methods that this address takes.' },
  Location: { pattern: '^/api/public/v1/batches/[0-9a-f-]{36}$', says: 'Where the batch can be asked about.' },
  ETag: { pattern: '^"[^"]+"$', says: 'Names this state of what was asked for; send it as If-None-Match.' },
  Link: { pattern: '^<.+>; rel="next"$', says: 'The next page.' },
  'Idempotency-Replayed': { pattern: '^true$', says: 'This is the kept answer of an earlier request.' },
  'Preference-Applied': { pattern: '^wait=[0-9]+$', says: 'The answer was held back for up to so many seconds.' },
} as const satisfies Readonly<Record<string, { readonly pattern: string; readonly says: string }>>

export type HeaderName = keyof typeof ANSWER_HEADERS

const IdempotencyKey = z
  .string()
  .regex(/^(?:"[\x21-\x7e]{1,255}"|[\x21-\x7e]{1,255})$/)
  .meta({ description: 'The same key and body within 24 hours give the same answer again. Bare or quoted.' })

const Prefer = z
  .string()
  .meta({ description: '`wait=N` holds the answer until the work has ended, for up to N seconds, at most 60.' })

const IfNoneMatch = z.string().meta({ description: 'An ETag: if the state is still that one, the answer is 304.' })

/** The headers that a submission may have. */
export const SubmissionHeaders = z.object({ 'Idempotency-Key': IdempotencyKey.optional(), Prefer: Prefer.optional() })

/** The headers that a question for a state may have. */
export const StateHeaders = z.object({ 'If-None-Match': IfNoneMatch.optional(), Prefer: Prefer.optional() })
