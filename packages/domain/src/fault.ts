/**
 * What follows a fault, for the suggestion whose call met it. `afterFault` in `decide.ts` carries it out.
 *
 * - `wait`: whoever was asked cannot answer now. Another candidate is asked at once if one is ready; else the task waits.
 * - `outlast`: like `wait`, but somebody has to mend it first (a key, a quota): no attempt, and never the end of a task.
 * - `next-candidate`: whoever was asked never will answer this. It is not asked again for this suggestion, another is.
 * - `repair`: the answer is wrong in itself. Asked again once, told what is wrong; then the next candidate; then a stand-in.
 * - `fail`: nothing would change it.
 */
export type Remedy = 'wait' | 'outlast' | 'next-candidate' | 'repair' | 'fail'

interface FaultSpec {
  readonly http: number
  readonly remedy: Remedy
  readonly says: string
}

/** Everything that can go wrong, in one place. A code is public: it is never renamed, only added. */
// biome-ignore format: a table, one line a row
export const FAULTS = {
  'auth.missing': { http: 401, remedy: 'fail', says: 'There is no bearer token in the Authorization header.' },
  'auth.invalid': { http: 401, remedy: 'fail', says: 'The token is not valid here.' },
  'auth.token_expired': { http: 401, remedy: 'fail', says: 'The token has expired.' },
  'auth.scope_missing': { http: 403, remedy: 'fail', says: 'The token lacks the scope that this needs.' },

  'request.invalid': { http: 400, remedy: 'fail', says: 'The request does not fit its description.' },
  'request.not_json': { http: 400, remedy: 'fail', says: 'The body is not valid JSON.' },
  'request.too_large': { http: 413, remedy: 'fail', says: 'The request is larger than allowed.' },
  'request.headers_too_large': { http: 431, remedy: 'fail', says: 'The headers are larger than allowed.' },
  'request.timeout': { http: 408, remedy: 'fail', says: 'The request did not arrive in time.' },
  'request.unsupported_media_type': { http: 415, remedy: 'fail', says: 'The body has to be uncompressed application/json in UTF-8.' },
  'request.method_not_allowed': { http: 405, remedy: 'fail', says: 'This address does not take this method.' },
  'route.not_found': { http: 404, remedy: 'fail', says: 'There is nothing at this address.' },
  'idempotency.key_reused': { http: 422, remedy: 'fail', says: 'This Idempotency-Key was used with another body.' },
  'idempotency.in_progress': { http: 409, remedy: 'fail', says: 'The first request with this Idempotency-Key is still at work.' },
  'quota.exceeded': { http: 429, remedy: 'fail', says: 'Too many tasks of this tenant are waiting.' },
  overloaded: { http: 503, remedy: 'fail', says: 'Too many tasks are waiting in the whole system.' },
  'service.unavailable': { http: 503, remedy: 'fail', says: 'The database cannot be reached; nothing was stored.' },
  'service.defect': { http: 500, remedy: 'fail', says: 'The service failed in a way it does not know.' },
  'task.not_found': { http: 404, remedy: 'fail', says: 'There is no such task.' },
  'batch.not_found': { http: 404, remedy: 'fail', says: 'There is no such batch.' },
  'sku.not_found': { http: 404, remedy: 'fail', says: 'There is no such SKU in the catalogue.' },
  'catalogue.full': { http: 409, remedy: 'fail', says: 'The catalogue would hold more SKUs than it may.' },
  'catalogue.empty': { http: 409, remedy: 'fail', says: 'The tenant has no catalogue to choose from: put SKUs into it first.' },
  'embeddings.unavailable': { http: 503, remedy: 'wait', says: 'The embeddings that this needs cannot be had now.' },
  'task.already_ended': { http: 409, remedy: 'fail', says: 'It has already ended.' },

  'answer.not_json': { http: 502, remedy: 'repair', says: 'The model answered with something that is not JSON.' },
  'answer.schema_mismatch': { http: 502, remedy: 'repair', says: "The model's answer does not fit the schema of the magicType." },
  'answer.truncated': { http: 502, remedy: 'repair', says: "The model's answer was cut off." },
  'answer.empty': { http: 502, remedy: 'repair', says: 'The model answered with nothing.' },
  'answer.refused': { http: 422, remedy: 'next-candidate', says: 'The model declined to answer.' },
  'provider.rate_limited': { http: 429, remedy: 'wait', says: 'The provider asked us to slow down.' },
  'provider.capacity': { http: 503, remedy: 'wait', says: 'The provider has no capacity for the model now.' },
  'provider.unavailable': { http: 502, remedy: 'wait', says: 'The provider could not be reached or failed.' },
  'provider.timeout': { http: 504, remedy: 'wait', says: 'The provider did not answer in time.' },
  'provider.reset': { http: 502, remedy: 'wait', says: 'The connection was lost after the request was sent; whether it was answered is unknown.' },
  'provider.auth_refused': { http: 502, remedy: 'outlast', says: "The provider refused the service's key." },
  'provider.quota_exhausted': { http: 502, remedy: 'outlast', says: "The service's quota at the provider is used up." },
  'provider.bad_request': { http: 422, remedy: 'next-candidate', says: 'The provider refused the request as wrong.' },
  'provider.context_too_long': { http: 422, remedy: 'next-candidate', says: 'The prompt is longer than the model takes.' },
  'provider.model_unknown': { http: 502, remedy: 'next-candidate', says: 'The provider does not know the model.' },
  'worker.defect': { http: 500, remedy: 'wait', says: 'The worker failed in a way it does not know.' },

  'task.no_candidate': { http: 422, remedy: 'fail', says: 'No model of its queue can take this task.' },
  'task.poison': { http: 500, remedy: 'fail', says: 'Every worker that ran this task died.' },
  'task.expired': { http: 410, remedy: 'fail', says: 'The deadline passed before the task was done.' },
  'task.cancelled': { http: 410, remedy: 'fail', says: 'The task was cancelled.' },

  'record.not_json': { http: 400, remedy: 'fail', says: 'The record is not valid JSON.' },
  'record.malformed': { http: 400, remedy: 'fail', says: 'The record does not fit its contract.' },
  'record.too_large': { http: 413, remedy: 'fail', says: 'The record is larger than any task may be.' },
  'record.unknown_task': { http: 404, remedy: 'fail', says: 'The record names a task that was never submitted.' },
  'record.differs': { http: 409, remedy: 'fail', says: 'The record carries another content than was submitted.' },
} as const satisfies Record<string, FaultSpec>

export type FaultCode = keyof typeof FAULTS

/** Goes into logs and into answers to callers: names and numbers only, never a prompt, an answer or a secret. */
export type Facts = Readonly<Record<string, string | number>>

/** One thing that is wrong with a request, and where: `pointer` is a JSON pointer (RFC 6901) into the body. */
export interface BadItem {
  readonly pointer: string
  readonly detail: string
}

interface FaultOptions extends ErrorOptions {
  readonly facts?: Facts
  /** What was wrong in this case and what to do, for the caller; the code's own sentence when left out. */
  readonly detail?: string
  readonly errors?: readonly BadItem[]
  /** How long the caller, or the task, should wait before it tries again. */
  readonly retryAfterMs?: number
}

/** The one error class. What a fault means, and what follows it, stands in `FAULTS` under its code. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  readonly facts: Facts
  readonly errors: readonly BadItem[]
  readonly retryAfterMs: number | undefined

  constructor(code: FaultCode, options: FaultOptions = {}) {
    super(options.detail ?? FAULTS[code].says, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.facts = options.facts ?? {}
    this.errors = options.errors ?? []
    this.retryAfterMs = options.retryAfterMs
  }

  get http(): number {
    return FAULTS[this.code].http
  }

  /** Whatever was thrown, as a fault. The original is kept as the cause, never as the message. */
  static from(thrown: unknown, otherwise: FaultCode): Fault {
    return thrown instanceof Fault ? thrown : new Fault(otherwise, { cause: thrown })
  }
}

/** Whether a text is the code of a fault, as those of rows that another version wrote need not be. */
export function isFaultCode(text: string): text is FaultCode {
  return Object.hasOwn(FAULTS, text)
}
