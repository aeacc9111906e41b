import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Caller, DEFAULT_SCOPES, type Scope, TokenClaims } from '@magictask/contracts'
import { Fault, TenantId } from '@magictask/domain'
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import type { RemoteKeys } from './remote-keys.ts'
import type { VerificationKey } from './verification-key.ts'

/** Which tokens are accepted, and by what they are checked. */
export interface TokenRules {
  /** Left out, and `remoteKeys` too: no JWT is accepted, the service token alone is. */
  readonly key?: VerificationKey
  /** Instead of `key`: those that the issuer publishes. */
  readonly remoteKeys?: RemoteKeys
  readonly issuer?: string
  readonly audience?: string
  /** A fixed token between services; its bearer says for which tenant it asks in `X-Tenant-Id`. */
  readonly serviceToken?: string
}

/**
 * Who asks. Rejects with `auth.missing`, `auth.token_expired` or `auth.invalid`, and does not say which of a token's
 * parts is wrong; with `service.unavailable` while there is no key to check one with.
 */
export type Authenticate = (request: Pick<IncomingMessage, 'headers'>) => Promise<Caller>

/** The rules, as the function that holds every request to them. */
export function createAuthenticator(rules: TokenRules): Authenticate {
  const serviceDigest = rules.serviceToken === undefined ? undefined : digest(rules.serviceToken)
  return async ({ headers }) => {
    const token = bearerToken(headers.authorization)
    if (serviceDigest !== undefined && timingSafeEqual(digest(token), serviceDigest)) {
      return serviceCaller(headers['x-tenant-id'])
    }
    const claims = TokenClaims.safeParse(await verified(token, rules))
    if (claims.success) return claims.data
    throw new Fault('auth.invalid')
  }
}

/** Throws `auth.scope_missing` when the caller may not do this. */
export function demandScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.includes(scope)) throw new Fault('auth.scope_missing', { facts: { scope } })
}

function bearerToken(authorization: string | undefined): string {
  const [, token] = /^bearer +(\S+) *$/i.exec(authorization ?? '') ?? []
  if (token === undefined) throw new Fault('auth.missing')
  return token
}

/** Digests are of one length, so comparing them tells nothing of the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function serviceCaller(tenantHeader: string | string[] | undefined): Caller {
  const tenant = TenantId.safeParse(tenantHeader)
  if (tenant.success) return { tenant: tenant.data, tier: 'free', scopes: DEFAULT_SCOPES }
  throw new Fault('auth.invalid', { detail: 'A service token has to come with the tenant in X-Tenant-Id.' })
}

/** The payload of a token that this key has signed, that is in its time and meant for us. */
async function verified(token: string, rules: TokenRules): Promise<unknown> {
  const key = rules.key ?? (await rules.remoteKeys?.find(kidOf(token)))
  if (key === undefined) throw new Fault('auth.invalid')
  const { header, payload } = verify(token, key, rules)
  // RFC 7515, 4.1.11: who does not understand what is critical must refuse the token. We understand none.
  if ('crit' in header) throw new Fault('auth.invalid')
  if (typeof payload === 'string' || !Number.isFinite(payload.exp)) throw new Fault('auth.invalid')
  return payload
}

const Header = z.object({ kid: z.string().optional() })

/** What a token calls its key. It chooses among keys that are trusted anyway, and says nothing of how to use them. */
function kidOf(token: string): string | undefined {
  try {
    const [header = ''] = token.split('.', 1)
    return Header.parse(JSON.parse(Buffer.from(header, 'base64url').toString())).kid
  } catch (error) {
    throw new Fault('auth.invalid', { cause: error })
  }
}

function verify(token: string, { key, algorithm }: VerificationKey, rules: TokenRules): jwt.Jwt {
  const { issuer, audience } = rules
  const expected = { ...(issuer === undefined ? {} : { issuer }), ...(audience === undefined ? {} : { audience }) }
  try {
    return jwt.verify(token, key, { algorithms: [algorithm], complete: true, ...expected })
  } catch (error) {
    throw new Fault(error instanceof jwt.TokenExpiredError ? 'auth.token_expired' : 'auth.invalid', { cause: error })
  }
}
