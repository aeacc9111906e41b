import { signToken, type TokenVariables } from '@magictask/api'
import { TenantId, type Tier } from '@magictask/domain'
import { ConfigError } from '@magictask/runtime'
import type { Home } from './home.ts'
import { signingSecret } from './signing-secret.ts'

/** Who the sample, files and the token that start-up prints belong to. */
export const DEMO_TENANT = TenantId.parse('demo')

const DAY_S = 86_400

interface TokenOptions {
  readonly tenant: TenantId
  readonly tier: Tier
  readonly days: number
}

/** A token that an api with this configuration accepts; undefined where somebody else signs them. */
export function tokenFor(config: TokenVariables, home: Home, { days, ...who }: TokenOptions): string | undefined {
  const secret = signingSecret(config, home)
  if (secret === undefined) return undefined
  return signToken({
    ...who,
    secret,
    expiresInSeconds: days * DAY_S,
    ...(config.JWT_ISSUER === undefined ? {} : { issuer: config.JWT_ISSUER }),
    ...(config.JWT_AUDIENCE === undefined ? {} : { audience: config.JWT_AUDIENCE }),
  })
}

/** The same, for whoever asked for one. */
export function demandToken(config: TokenVariables, home: Home, options: TokenOptions): string {
  const token = tokenFor(config, home, options)
  if (token !== undefined) return token
  throw new ConfigError(
    'A token can be signed with JWT_SECRET only. JWT_PUBLIC_KEY and JWT_JWKS_URL mean that somebody else signs them.',
  )
}
