import { z } from 'zod'
import type { TokenRules } from './authenticate.ts'
import { createRemoteKeys, type RemoteKeysDeps } from './remote-keys.ts'
import { publicKey, secretKey, type VerificationKey } from './verification-key.ts'

const SERVICE_TOKEN_CHARACTERS = 16

/** Where the key of the tokens may come from. */
const KEY_SOURCES = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URL'] as const

/** What decides whose tokens are accepted. Their key comes from one place at most. */
export const TokenVariables = z
  .object({
    JWT_SECRET: keyText(secretKey, 'has to be of at least 32 bytes').optional(),
    JWT_PUBLIC_KEY: keyText(publicKey, 'has to be a public key in PEM: RSA of at least 2048 bits, or P-256').optional(),
    JWT_JWKS_URL: z
      .string()
      .refine(isSafeToAsk, 'has to be an https address without a password; http is for this machine alone')
      .optional(),
    JWT_ISSUER: z.string().optional(),
    JWT_AUDIENCE: z.string().optional(),
    LLM_AUTH_TOKEN: z
      .string()
      .min(SERVICE_TOKEN_CHARACTERS, `has to be of at least ${SERVICE_TOKEN_CHARACTERS} characters`)
      .optional(),
  })
  .superRefine((env, context) => {
    const [first, ...others] = KEY_SOURCES.filter((name) => env[name] !== undefined)
    for (const name of others)
      context.addIssue({ code: 'custom', path: [name], message: `cannot be set together with ${first}` })
  })
export type TokenVariables = z.infer<typeof TokenVariables>

/** The same, and at least one way to be let in. */
export const DemandedTokenVariables = TokenVariables.refine(
  (env) => [...KEY_SOURCES, 'LLM_AUTH_TOKEN' as const].some((name) => env[name] !== undefined),
  {
    path: ['JWT_SECRET'],
    message: 'has to be set, or JWT_PUBLIC_KEY, JWT_JWKS_URL or LLM_AUTH_TOKEN',
  },
)

function keyText(read: (text: string) => VerificationKey | undefined, otherwise: string) {
  return z.string().transform((text, context) => {
    const key = read(text)
    if (key !== undefined) return key
    context.addIssue(otherwise)
    return z.NEVER
  })
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Whoever can change keys on their way can sign tokens. */
function isSafeToAsk(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

/** The variables, as the rules that they mean. */
export function tokenRules(env: TokenVariables, deps: Omit<RemoteKeysDeps, 'url'>): TokenRules {
  const key = env.JWT_SECRET ?? env.JWT_PUBLIC_KEY
  const url = env.JWT_JWKS_URL
  return {
    ...(key === undefined ? {} : { key }),
    ...(url === undefined ? {} : { remoteKeys: createRemoteKeys({ ...deps, url }) }),
    ...(env.JWT_ISSUER === undefined ? {} : { issuer: env.JWT_ISSUER }),
    ...(env.JWT_AUDIENCE === undefined ? {} : { audience: env.JWT_AUDIENCE }),
    ...(env.LLM_AUTH_TOKEN === undefined ? {} : { serviceToken: env.LLM_AUTH_TOKEN }),
  }
}
