import {
  createPublicKey,
  createSecretKey,
  type JsonWebKeyInput,
  type KeyObject,
  type PublicKeyInput,
} from 'node:crypto'

/** A key and the one algorithm that it is for: what a token says of its algorithm is never followed. */
export interface VerificationKey {
  readonly algorithm: 'HS256' | 'RS256' | 'ES256'
  readonly key: KeyObject
}

const SECRET_BYTES = 32
const RSA_BITS = 2048
/** A check with a larger one costs more than a request is worth. */
const RSA_BITS_LIMIT = 8192

/** A shared secret (HS256); undefined when it is shorter than 32 bytes. */
export function secretKey(secret: string): VerificationKey | undefined {
  const bytes = Buffer.from(secret)
  return bytes.length < SECRET_BYTES ? undefined : { algorithm: 'HS256', key: createSecretKey(bytes) }
}

/** A public key in PEM, RSA of 2048 to 8192 bits (RS256) or P-256 (ES256); undefined when it is none. Line breaks may be written as `\n`. */
export function publicKey(pem: string): VerificationKey | undefined {
  // Of a private key Node would make the public one without a word, and the private one would stand where it should not.
  if (pem.includes('PRIVATE KEY')) return undefined
  return verificationKey({ key: pem.replaceAll('\\n', '\n'), format: 'pem' })
}

/** The same of what Node can read as a public key. */
export function verificationKey(input: PublicKeyInput | JsonWebKeyInput): VerificationKey | undefined {
  const key = readPublicKey(input)
  const { modulusLength = 0, namedCurve } = key?.asymmetricKeyDetails ?? {}
  const isRsa = key?.asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS && modulusLength <= RSA_BITS_LIMIT
  if (isRsa) return { algorithm: 'RS256', key }
  if (key?.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return { algorithm: 'ES256', key }
  return undefined
}

function readPublicKey(input: PublicKeyInput | JsonWebKeyInput): KeyObject | undefined {
  try {
    return createPublicKey(input)
  } catch {
    return undefined
  }
}
