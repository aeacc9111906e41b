import { FAULTS, Fault, type FaultCode } from '@magictask/domain'
import { type HeaderLookup, retryAfterMs } from './retry-after.ts'

/**
 * The one place that says what a failed call means. The fault's sentence is ours, with a status or a system error code:
 * what was thrown may hold the prompt, the answer, the key or an address with a password, so none of it is kept.
 */
export function faultFromProvider(thrown: unknown, now: Date): Fault {
  const chain = causes(thrown)
  const known = chain.find((error) => error instanceof Fault)
  if (known !== undefined) return known
  const answer = chain.map(readAnswered).find((read) => read !== undefined)
  return answer === undefined ? faultWithoutAnswer(chain) : faultFromStatus(answer, now)
}

interface Answered {
  readonly status: number
  readonly code: string | undefined
  readonly headers: HeaderLookup | undefined
}

const QUOTA_CODES: ReadonlySet<string | undefined> = new Set(['insufficient_quota', 'billing_hard_limit_reached'])

function faultFromStatus(answer: Answered, now: Date): Fault {
  const code = QUOTA_CODES.has(answer.code) ? 'provider.quota_exhausted' : codeForStatus(answer.status)
  const detail =
    answer.code === 'context_length_exceeded'
      ? `The prompt is longer than the model takes (status ${answer.status}).`
      : `${FAULTS[code].says} (status ${answer.status})`
  const waitMs = FAULTS[code].remedy === 'wait' && answer.headers ? retryAfterMs(answer.headers, now) : undefined
  return new Fault(code, { detail, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) })
}

/** A redirect is not followed, and so it is as wrong as every 4xx; repeating it changes nothing. */
function codeForStatus(status: number): FaultCode {
  if (status >= 500) return 'provider.unavailable'
  switch (status) {
    case 401:
    case 403:
      return 'provider.auth_refused'
    case 402:
      return 'provider.quota_exhausted'
    case 408:
      return 'provider.timeout'
    case 409:
    case 425:
      return 'provider.unavailable'
    case 429:
      return 'provider.rate_limited'
    default:
      return 'provider.bad_request'
  }
}

const TIMEOUT = /time_?d?_?out/i

/** No answer came: the connection was refused, reset, cut or too slow, or what came was not HTTP or not JSON. */
function faultWithoutAnswer(chain: readonly Error[]): Fault {
  if (chain.some((error) => error.name === 'ContextOverflowError')) return new Fault('provider.bad_request')
  const systemCode = chain.map(codeOf).find((code) => code !== undefined && /^[A-Z][A-Z_]{2,40}$/.test(code))
  const late = chain.some((error) => TIMEOUT.test(`${error.name} ${codeOf(error) ?? ''}`))
  const code = late ? 'provider.timeout' : 'provider.unavailable'
  return new Fault(code, { detail: FAULTS[code].says + (systemCode === undefined ? '' : ` (${systemCode})`) })
}

const DEEPEST_CAUSE = 8

function causes(thrown: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let error = thrown; error instanceof Error && chain.length < DEEPEST_CAUSE; error = error.cause)
    chain.push(error)
  return chain
}

function readAnswered(error: Error): Answered | undefined {
  if (!('status' in error) || typeof error.status !== 'number') return undefined
  const headers = 'headers' in error && isHeaders(error.headers) ? error.headers : undefined
  return { status: error.status, code: codeOf(error) ?? typeOf(error), headers }
}

function isHeaders(value: unknown): value is HeaderLookup {
  return value instanceof Object && 'get' in value && typeof value.get === 'function'
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function typeOf(error: Error): string | undefined {
  return 'type' in error && typeof error.type === 'string' ? error.type : undefined
}
