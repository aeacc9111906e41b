import { z } from 'zod'
import { type VerificationKey, verificationKey } from './verification-key.ts'

/** A key of an issuer, with the name that its tokens call it by. */
export interface NamedKey extends VerificationKey {
  readonly kid?: string
}

/**
 * The keys of a JWK set (RFC 7517) that tokens can be checked with: RSA for RS256 and P-256 for ES256. Others are for
 * somebody else and passed over: those for encryption, secret and private ones, and those of another algorithm.
 */
export function readJwkSet(text: string): readonly NamedKey[] {
  const { keys } = JwkSet.parse(JSON.parse(text))
  return keys.flatMap((given) => {
    const jwk = PublicJwk.safeParse(given)
    const key = jwk.success ? namedKey(jwk.data) : undefined
    return key === undefined ? [] : [key]
  })
}

const KEYS_LIMIT = 100

const JwkSet = z.object({ keys: z.array(z.unknown()).max(KEYS_LIMIT) })

/** Strange members are kept away from Node; a private key has `d`, which no set for all to read should hold. */
const PublicJwk = z.object({
  kty: z.enum(['RSA', 'EC']),
  kid: z.string().optional(),
  use: z.literal('sig').optional(),
  key_ops: z
    .array(z.string())
    .refine((uses) => uses.includes('verify'))
    .optional(),
  alg: z.string().optional(),
  n: z.string().optional(),
  e: z.string().optional(),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
  d: z.undefined().optional(),
})

function namedKey({ kid, alg, kty, n, e, crv, x, y }: z.infer<typeof PublicJwk>): NamedKey | undefined {
  const members = Object.entries({ kty, n, e, crv, x, y }).filter(([, member]) => member !== undefined)
  const key = verificationKey({ key: Object.fromEntries(members), format: 'jwk' })
  if (key === undefined || (alg !== undefined && alg !== key.algorithm)) return undefined
  return kid === undefined ? key : { ...key, kid }
}
