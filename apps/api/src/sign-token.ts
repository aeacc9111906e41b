import type { Scope } from '@magictask/contracts'
import type { TenantId, Tier } from '@magictask/domain'
import jwt from 'jsonwebtoken'

/** What a token is to say, and the secret that signs it. */
export interface TokenRequest {
  /** The shared secret, of at least 32 bytes. */
  readonly secret: string
  readonly tenant: TenantId
  readonly tier: Tier
  /** Those of `SCOPES` that it allows; left out, the default ones. */
  readonly scopes?: readonly Scope[]
  readonly expiresInSeconds: number
  readonly issuer?: string
  readonly audience?: string
}

/** A token that `createAuthenticator` accepts under the same secret, issuer and audience: for trying out and for tests. */
export function signToken(request: TokenRequest): string {
  const { tenant, tier, scopes, issuer, audience } = request
  const claims = { tenant, tier, ...(scopes === undefined ? {} : { scope: scopes.join(' ') }) }
  return jwt.sign(claims, request.secret, {
    algorithm: 'HS256',
    subject: tenant,
    expiresIn: request.expiresInSeconds,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  })
}
