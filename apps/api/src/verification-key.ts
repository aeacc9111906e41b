import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'

/** A key and the one algorithm that it is for: what a token says of its algorithm is never followed. */
export interface VerificationKey {
  readonly algorithm: 'HS256' | 'RS256' | 'ES256'
  readonly key: KeyObject
}

const SECRET_BYTES = 32
const RSA_BITS = 2048

/** A shared secret (HS256); undefined when it is shorter than 32 bytes. */
export function secretKey(secret: string): VerificationKey | undefined {
  const bytes = Buffer.from(secret)
  return bytes.length < SECRET_BYTES ? undefined : { algorithm: 'HS256', key: createSecretKey(bytes) }
}

/** A public key in PEM, RSA of 2048 bits and more (RS256) or P-256 (ES256); undefined when it is none. Line breaks may be written as `\n`. */
export function publicKey(pem: string): VerificationKey | undefined {
  // Of a private key Node would make the public one without a word, and the private one would stand where it should not.
  if (pem.includes('PRIVATE KEY')) return undefined
  const key = readPublicKey(pem.replaceAll('\\n', '\n'))
  const { modulusLength = 0, namedCurve } = key?.asymmetricKeyDetails ?? {}
  if (key?.asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS) return { algorithm: 'RS256', key }
  if (key?.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return { algorithm: 'ES256', key }
  return undefined
}

function readPublicKey(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}
