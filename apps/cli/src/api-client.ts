import { API_BASE, BatchAnswer, NDJSON, Problem } from '@magictask/contracts'
import { BatchId } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import { z } from 'zod'

/** The api refused what it was asked, for good. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal'
}

/** Asks an api about batches. What passes by itself (full, unavailable, cut off) is waited out. */
export interface ApiClient {
  /** Submits a body under its key: repeated with the same key it is the same batch. */
  submit(body: string, idempotencyKey: string): Promise<BatchId>
  /** How far a batch is, at its end or after `waitSeconds` at the latest; undefined when there is none of this id. */
  batch(id: BatchId, waitSeconds: number): Promise<z.infer<typeof BatchAnswer> | undefined>
  /** A line of JSON a task, in the order of submission. */
  results(id: BatchId): AsyncGenerator<string>
}

interface ClientOptions {
  readonly address: string
  readonly token: string
  readonly tenant: string
  readonly clock: Clock
  /** Once it aborts, everything rejects with its reason. */
  readonly signal: AbortSignal
  /** Told why nothing goes on for a while. */
  readonly onWait: (why: string) => void
}

const Accepted = z.object({ batch_id: BatchId })

export function createApiClient(options: ClientOptions): ApiClient {
  return {
    async submit(body, idempotencyKey) {
      const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey }
      const response = await send(options, '/generate', { method: 'POST', headers, body })
      return Accepted.parse(await demandOk(response).json()).batch_id
    },
    async batch(id, waitSeconds) {
      const response = await send(options, `/batches/${id}`, { headers: { prefer: `wait=${waitSeconds}` } })
      const answer: unknown = await response.json()
      return response.status === 404 ? undefined : BatchAnswer.parse(answer)
    },
    results: (id) => readResults(options, id),
  }
}

const TRIES = 6
const PAUSE_MS = 1_000

/** A stream that is cut off is begun again, and what was read of it is passed over. */
async function* readResults(options: ClientOptions, id: BatchId): AsyncGenerator<string> {
  let read = 0
  for (let tries = 1; ; tries++) {
    let at = 0
    const response = demandOk(await send(options, `/batches/${id}/results`, { headers: { accept: NDJSON } }))
    try {
      for await (const line of linesOf(response)) {
        if (at++ < read) continue
        read += 1
        yield line
      }
      return
    } catch (error) {
      options.signal.throwIfAborted()
      if (tries === TRIES) throw error
      await options.clock.sleep(PAUSE_MS, options.signal)
    }
  }
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  const utf8 = new TextDecoder()
  let rest = ''
  for await (const bytes of response.body ?? []) {
    const [first = '', ...others] = utf8.decode(bytes, { stream: true }).split('\n')
    rest += first
    for (const next of others) {
      yield rest
      rest = next
    }
  }
  if (rest !== '') throw new Error('The results end in the middle of a line')
}

/** The answer, 404 included. Throws `ApiRefusal` for any other that waiting will not change. */
async function send(options: ClientOptions, path: string, request: RequestInit): Promise<Response> {
  const { address, token, tenant, clock, signal } = options
  const headers = { ...request.headers, authorization: `Bearer ${token}`, 'x-tenant-id': tenant }
  let broken = 0
  for (;;) {
    signal.throwIfAborted()
    const response = await fetch(`${address}${API_BASE}${path}`, { ...request, headers, signal }).catch(
      (error: unknown) => {
        signal.throwIfAborted()
        if (++broken === TRIES) throw error
        return undefined
      },
    )
    if (response?.ok === true || response?.status === 404) return response
    const waitMs = response === undefined ? PAUSE_MS : await waitOf(response, options)
    await clock.sleep(waitMs, signal)
  }
}

/** How long to wait before it is asked again. */
async function waitOf(response: Response, { onWait }: ClientOptions): Promise<number> {
  const problem = Problem.parse(await response.json())
  const passes = response.status === 429 || response.status === 503 || problem.code === 'idempotency.in_progress'
  if (!passes) throw refusal(problem)
  onWait(problem.title)
  return Math.max(1, Number(response.headers.get('retry-after')) || 1) * 1_000
}

function refusal({ code, detail, errors = [] }: z.infer<typeof Problem>): ApiRefusal {
  const places = errors.map(({ pointer, detail }) => `  ${pointer}: ${detail}`)
  return new ApiRefusal([`The api refused a batch (${code}): ${detail}`, ...places].join('\n'))
}

function demandOk(response: Response): Response {
  if (response.ok) return response
  throw new ApiRefusal(`The api answered with ${response.status}`)
}
