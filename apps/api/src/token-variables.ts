import { z } from 'zod'
import type { TokenRules } from './authenticate.ts'
import { publicKey, secretKey, type VerificationKey } from './verification-key.ts'

const SERVICE_TOKEN_CHARACTERS = 16

/** What decides whose tokens are accepted. At most one of the two keys. */
export const TokenVariables = z
  .object({
    JWT_SECRET: keyText(secretKey, 'has to be of at least 32 bytes').optional(),
    JWT_PUBLIC_KEY: keyText(publicKey, 'has to be a public key in PEM: RSA of at least 2048 bits, or P-256').optional(),
    JWT_ISSUER: z.string().optional(),
    JWT_AUDIENCE: z.string().optional(),
    LLM_AUTH_TOKEN: z
      .string()
      .min(SERVICE_TOKEN_CHARACTERS, `has to be of at least ${SERVICE_TOKEN_CHARACTERS} characters`)
      .optional(),
  })
  .refine((env) => env.JWT_SECRET === undefined || env.JWT_PUBLIC_KEY === undefined, {
    path: ['JWT_PUBLIC_KEY'],
    message: 'cannot be set together with JWT_SECRET',
  })
export type TokenVariables = z.infer<typeof TokenVariables>

/** The same, and at least one way to be let in. */
export const DemandedTokenVariables = TokenVariables.refine(
  (env) => env.JWT_SECRET ?? env.JWT_PUBLIC_KEY ?? env.LLM_AUTH_TOKEN,
  {
    path: ['JWT_SECRET'],
    message: 'has to be set, or JWT_PUBLIC_KEY, or LLM_AUTH_TOKEN',
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

/** The variables, as the rules that they mean. */
export function tokenRules(env: TokenVariables): TokenRules {
  const key = env.JWT_SECRET ?? env.JWT_PUBLIC_KEY
  return {
    ...(key === undefined ? {} : { key }),
    ...(env.JWT_ISSUER === undefined ? {} : { issuer: env.JWT_ISSUER }),
    ...(env.JWT_AUDIENCE === undefined ? {} : { audience: env.JWT_AUDIENCE }),
    ...(env.LLM_AUTH_TOKEN === undefined ? {} : { serviceToken: env.LLM_AUTH_TOKEN }),
  }
}
