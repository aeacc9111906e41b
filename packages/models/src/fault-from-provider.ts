import { FAULTS, Fault, type FaultCode } from '@magictask/domain'
import { type ProviderError, providerErrorIn } from './provider-error.ts'
import { faultForWords } from './provider-words.ts'
import { type HeaderLookup, retryAfterMs } from './retry-after.ts'

/**
 * The one place that says what a failed call means. The fault's sentence is ours, with a status or a system error code:
 * what was thrown may hold the prompt, the answer, the key or an address with a password, so none of it is kept. `provider`
 * is its name: some of the words are one provider's own.
 */
export function faultFromProvider(thrown: unknown, now: Date, provider = ''): Fault {
  const chain = causes(thrown)
  const known = chain.find((error) => error instanceof Fault)
  if (known !== undefined) return known
  const answer = chain.map(providerErrorIn).find((read) => read !== undefined)
  if (answer === undefined) return faultWithoutAnswer(chain)
  return faultFromAnswer(answer, faultForWords(answer, provider) ?? codeForStatus(answer.meant), now)
}

/** Whether a call that ended so was never answered, and so is not billed: it was refused with a status, or nobody was reached. */
export function isUnbilled({ code, facts }: Fault): boolean {
  return !PERHAPS_BILLED.has(code) && Object.keys(facts).length > 0
}

const PERHAPS_BILLED: ReadonlySet<FaultCode> = new Set([
  'provider.reset',
  'provider.timeout',
  'answer.truncated',
  'answer.refused',
])

function faultFromAnswer({ status, headers, retryDelay }: ProviderError, code: FaultCode, now: Date): Fault {
  const detail = status === undefined ? FAULTS[code].says : `${FAULTS[code].says} (status ${status})`
  const waitMs = FAULTS[code].remedy === 'wait' ? (waitIn(headers, now) ?? waitSaid(retryDelay)) : undefined
  const facts = status === undefined ? {} : { status }
  return new Fault(code, { detail, facts, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) })
}

/**
 * A redirect is not followed, and so it is as wrong as every 4xx; repeating it changes nothing. So is a 403 that says
 * nothing of the key: a filter of contents or a firewall refuses one prompt with it, and answers all others.
 */
function codeForStatus(status: number | undefined): FaultCode {
  switch (status) {
    case 401:
      return 'provider.auth_refused'
    case 402:
      return 'provider.quota_exhausted'
    case 408:
    case 504:
      return 'provider.timeout'
    case 413:
      return 'provider.context_too_long'
    case 429:
      return 'provider.rate_limited'
    case 503:
    case 529:
      return 'provider.capacity'
    case undefined:
    case 409:
    case 425:
      return 'provider.unavailable'
    default:
      return status >= 500 ? 'provider.unavailable' : 'provider.bad_request'
  }
}

function waitIn(headers: HeaderLookup | undefined, now: Date): number | undefined {
  return headers === undefined ? undefined : retryAfterMs(headers, now)
}

/** `22s`: the same as the header `retry-after: 22`. */
function waitSaid(retryDelay: string | undefined): number | undefined {
  const seconds = /^([\d.]+)s$/.exec(retryDelay ?? '')?.[1]
  return seconds === undefined ? undefined : retryAfterMs(new Headers({ 'retry-after': seconds }), new Date(0))
}

const TIMEOUT = /time_?d?_?out/i
const TOO_LONG = 'UND_ERR_RES_EXCEEDED_MAX_SIZE'
/** The connection stood when these come: the request may have been sent, and answered. */
const LOST: ReadonlySet<string> = new Set([
  ...['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET'],
  ...['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED'],
])

/** No answer came: the connection was refused, reset, cut or too slow, or what came was not HTTP or not JSON. */
function faultWithoutAnswer(chain: readonly Error[]): Fault {
  const codes = chain.map(codeOf).filter((code) => code !== undefined)
  const systemCode = codes.find((code) => /^[A-Z][A-Z_]{2,40}$/.test(code))
  const detail = (code: FaultCode) => FAULTS[code].says + (systemCode === undefined ? '' : ` (${systemCode})`)
  const code = codeWithoutAnswer(chain, codes)
  return new Fault(code, { detail: detail(code), facts: systemCode === undefined ? {} : { error: systemCode } })
}

function codeWithoutAnswer(chain: readonly Error[], codes: readonly string[]): FaultCode {
  if (chain.some((error) => error.name === 'ContextOverflowError')) return 'provider.context_too_long'
  if (codes.includes(TOO_LONG)) return 'answer.truncated'
  if (chain.some(reachedNobody)) return 'provider.unavailable'
  if (chain.some((error) => TIMEOUT.test(`${error.name} ${codeOf(error) ?? ''}`))) return 'provider.timeout'
  return codes.some((code) => LOST.has(code) || code.startsWith('HPE_')) ? 'provider.reset' : 'provider.unavailable'
}

/** A connection that was never made, however long that took. Node gives one error for all addresses that it tried. */
function reachedNobody(error: Error): boolean {
  if (error instanceof AggregateError || codeOf(error) === 'UND_ERR_CONNECT_TIMEOUT') return true
  return 'syscall' in error && error.syscall === 'connect'
}

const DEEPEST_CAUSE = 8

function causes(thrown: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let error = thrown; error instanceof Error && chain.length < DEEPEST_CAUSE; error = error.cause)
    chain.push(error)
  return chain
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
