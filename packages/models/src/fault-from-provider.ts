import { FAULTS, Fault, type FaultCode } from '@magictask/domain'
import { z } from 'zod'
import { faultForWords } from './provider-words.ts'
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
  return answer === undefined ? faultWithoutAnswer(chain) : faultFromAnswer(answer, now)
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

/** The provider's own error, whichever client read it. */
interface Answered {
  /** Undefined in the middle of a stream. */
  readonly status: number | undefined
  /** What the provider calls it. */
  readonly words: readonly string[]
  readonly sentence: string
  readonly headers: HeaderLookup | undefined
  /** Google says it in the body. */
  readonly retryDelay: string | undefined
}

function faultFromAnswer(answer: Answered, now: Date): Fault {
  const { status, headers } = answer
  const code = faultForWords(answer.words, answer.sentence) ?? codeForStatus(status)
  const detail = status === undefined ? FAULTS[code].says : `${FAULTS[code].says} (status ${status})`
  const waitMs = FAULTS[code].remedy === 'wait' ? (waitIn(headers, now) ?? waitSaid(answer.retryDelay)) : undefined
  const facts = status === undefined ? {} : { status }
  return new Fault(code, { detail, facts, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) })
}

/** A redirect is not followed, and so it is as wrong as every 4xx; repeating it changes nothing. */
function codeForStatus(status: number | undefined): FaultCode {
  switch (status) {
    case 401:
    case 403:
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
  if (chain.some((error) => TIMEOUT.test(`${error.name} ${codeOf(error) ?? ''}`))) return 'provider.timeout'
  return codes.some((code) => LOST.has(code) || code.startsWith('HPE_')) ? 'provider.reset' : 'provider.unavailable'
}

const DEEPEST_CAUSE = 8

function causes(thrown: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let error = thrown; error instanceof Error && chain.length < DEEPEST_CAUSE; error = error.cause)
    chain.push(error)
  return chain
}

const word = z
  .union([z.string(), z.number().transform(String)])
  .optional()
  .catch(undefined)
const text = z.string().optional().catch(undefined)
/** Google says in details why, and how long to wait. */
const details = z.array(z.object({ reason: word, retryDelay: text })).catch([])
const said = z.object({ code: word, type: word, status: word, message: text, details }).optional().catch(undefined)

/** How each client keeps it: ours the body, OpenAI's the `error` of it, Anthropic's all of it as `error`. */
const Thrown = z.object({
  status: z.int().optional().catch(undefined),
  code: word,
  type: word,
  message: z.string().catch(''),
  body: z.object({ error: said }).optional().catch(undefined),
  error: z.object({ error: said }).optional().catch(undefined),
})

function readAnswered(error: Error): Answered | undefined {
  const read = Thrown.safeParse(error).data
  if (read === undefined || !('status' in error)) return undefined
  const inBody = read.body?.error ?? read.error?.error
  if (read.status === undefined && inBody === undefined) return undefined
  const reasons = (inBody?.details ?? []).map(({ reason }) => reason)
  const words = [...reasons, inBody?.code, inBody?.type, inBody?.status, read.code, read.type]
  return {
    status: read.status,
    words: words.filter((one) => one !== undefined),
    sentence: `${inBody?.message ?? ''} ${read.message}`.slice(0, SENTENCE_CHARACTERS),
    headers: 'headers' in error && isHeaders(error.headers) ? error.headers : undefined,
    retryDelay: inBody?.details.find(({ retryDelay }) => retryDelay !== undefined)?.retryDelay,
  }
}

/** An error that quotes the prompt is long. */
const SENTENCE_CHARACTERS = 2_000

function isHeaders(value: unknown): value is HeaderLookup {
  return value instanceof Object && 'get' in value && typeof value.get === 'function'
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
