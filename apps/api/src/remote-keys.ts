import { Fault } from '@magictask/domain'
import type { Clock, Log } from '@magictask/runtime'
import { type NamedKey, readJwkSet } from './jwk-set.ts'
import type { VerificationKey } from './verification-key.ts'

/** The keys of an issuer who publishes them, and changes them when he likes. */
export interface RemoteKeys {
  /**
   * The key that a token's `kid` names; of a token without one, the only key there is. Undefined when there is none.
   * Throws `service.unavailable` as long as no keys could be fetched at all.
   */
  find(kid: string | undefined): Promise<VerificationKey | undefined>
}

export interface RemoteKeysDeps {
  /** Where the JWK set is: `https:`, or `http:` on this machine. */
  readonly url: string
  readonly clock: Clock
  readonly log: Log
}

/** Whatever tokens come, the issuer is asked no more often than this, and by one request at a time. */
const ASK_AGAIN_MS = 30_000
/** After this the keys are asked for again beside their use, so that one that was taken back is not believed for long. */
const FRESH_MS = 300_000

/**
 * Keys that are fetched at the first token and kept. A `kid` that is not among them has them fetched anew, at most
 * every 30 s; when that fails those that are known stay.
 */
export function createRemoteKeys({ url, clock, log }: RemoteKeysDeps): RemoteKeys {
  let known: readonly NamedKey[] | undefined
  let askedAtMs = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    askedAtMs = clock.elapsedMs()
    try {
      known = await fetchKeys(url)
    } catch (error) {
      log.warn('the keys of JWT_JWKS_URL could not be fetched', { known: known?.length ?? 0 }, error)
    }
    asking = undefined
  }

  /** Never rejects. */
  function askUnlessJustAsked(): Promise<void> {
    if (asking === undefined && clock.elapsedMs() - askedAtMs >= ASK_AGAIN_MS) asking = ask()
    return asking ?? Promise.resolve()
  }

  return {
    async find(kid) {
      const found = pick(known, kid)
      if (found === undefined) await askUnlessJustAsked()
      else if (clock.elapsedMs() - askedAtMs >= FRESH_MS) void askUnlessJustAsked()
      if (known !== undefined) return found ?? pick(known, kid)
      throw new Fault('service.unavailable', { detail: 'The keys that tokens are checked with cannot be fetched.' })
    },
  }
}

function pick(keys: readonly NamedKey[] = [], kid: string | undefined): VerificationKey | undefined {
  if (kid === undefined) return keys.length === 1 ? keys[0] : undefined
  return keys.find((key) => key.kid === kid)
}

const FETCH_MS = 5_000
const BYTES_LIMIT = 256 * 1024

/** Throws when there is no answer in time, or none that holds a key to check tokens with. */
async function fetchKeys(url: string): Promise<readonly NamedKey[]> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(FETCH_MS) })
  const text = await readText(response)
  if (!response.ok) throw new Error(`the answer is ${response.status}`)
  const keys = readJwkSet(text)
  if (keys.length === 0) throw new Error('no key is for RS256 or ES256')
  return keys
}

/** Leaving the loop ends the transfer. */
async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > BYTES_LIMIT) throw new Error(`the answer is larger than ${BYTES_LIMIT} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
