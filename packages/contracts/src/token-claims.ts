import { TenantId, type Tier } from '@magictask/domain'
import { z } from 'zod'

/** What a token may allow. No scope includes another. */
export const SCOPES = ['generate', 'read', 'cancel', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** What a token without a `scope` allows. */
export const DEFAULT_SCOPES = ['generate', 'read', 'cancel'] as const satisfies readonly Scope[]

/** Who asks, and what they may do. */
export interface Caller {
  readonly tenant: TenantId
  readonly tier: Tier
  readonly scopes: readonly Scope[]
}

/**
 * A token's payload as a caller. `tenant` is `sub` unless it is said; `premium` is another spelling of `paid`; scopes
 * that are not known are nobody's. Registered claims (`exp` and the like) are the verifier's business.
 */
export const TokenClaims = z
  .object({
    sub: z.string().optional(),
    tenant: TenantId.optional(),
    tier: z.enum(['free', 'paid', 'premium']).default('free'),
    scope: z.string().optional(),
  })
  .transform((claims, context): Caller => {
    const tenant = TenantId.safeParse(claims.tenant ?? claims.sub)
    if (!tenant.success) {
      context.addIssue('has to name a tenant, in `tenant` or `sub`')
      return z.NEVER
    }
    return {
      tenant: tenant.data,
      tier: claims.tier === 'premium' ? 'paid' : claims.tier,
      scopes: claims.scope === undefined ? DEFAULT_SCOPES : scopesOf(claims.scope),
    }
  })

function scopesOf(text: string): readonly Scope[] {
  const words = new Set(text.split(' '))
  return SCOPES.filter((scope) => words.has(scope))
}
