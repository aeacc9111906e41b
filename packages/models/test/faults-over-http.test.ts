import { getEventListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { FaultCode } from '@magictask/domain'
import { newCallId } from '@magictask/runtime'
import { type Behaviour, type ModelServer, startModelServer } from '@magictask/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type AskRequest, contentBlock, type Target } from '../src/index.ts'
import { oneTarget } from './one-target.ts'

const KEY = 'sk-test-0123456789'
const SECRET_CONTENT = 'the content nobody else may read'
const format = {
  name: 'titled',
  schema: z.object({ title: z.string().trim().min(1), sentiment: z.enum(['positive', 'negative']) }),
}
const MiB = 1024 * 1024

function question(content = SECRET_CONTENT): AskRequest {
  const messages = [
    { role: 'system', text: 'Give it a title.' },
    { role: 'user', text: contentBlock(content) },
  ] as const
  return { callId: newCallId(), messages, format, suggestion: 0 }
}

const never = new AbortController().signal
let server: ModelServer
let provider: Target

beforeAll(async () => {
  server = await startModelServer()
  provider = await oneTarget({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.baseUrl })
})
afterAll(() => server[Symbol.asyncDispose]())

interface Expected {
  readonly behaviour: Behaviour
  readonly fault: FaultCode
  readonly retryAfterMs?: number
  /** Whether the provider counted tokens although the answer is worth nothing. */
  readonly paid?: boolean
}

const inTwoHours = new Date(Date.now() + 7_200_000).toUTCString()

// biome-ignore format: a table, one line a row
const EXPECTED: readonly Expected[] = [
  { behaviour: { kind: 'rate-limited', retryAfter: '7' }, fault: 'provider.rate_limited', retryAfterMs: 7_000 },
  { behaviour: { kind: 'rate-limited', retryAfter: '7', retryAfterMs: 1_250 }, fault: 'provider.rate_limited', retryAfterMs: 1_250 },
  { behaviour: { kind: 'rate-limited', retryAfter: inTwoHours }, fault: 'provider.rate_limited', retryAfterMs: 3_600_000 },
  { behaviour: { kind: 'rate-limited', retryAfter: 'Thu, 01 Jan 1970 00:00:00 GMT' }, fault: 'provider.rate_limited', retryAfterMs: 0 },
  { behaviour: { kind: 'rate-limited', retryAfter: 'soon' }, fault: 'provider.rate_limited' },
  { behaviour: { kind: 'rate-limited' }, fault: 'provider.rate_limited' },
  { behaviour: { kind: 'quota-exhausted' }, fault: 'provider.quota_exhausted' },
  { behaviour: { kind: 'status', status: 402 }, fault: 'provider.quota_exhausted' },
  { behaviour: { kind: 'status', status: 400 }, fault: 'provider.bad_request' },
  { behaviour: { kind: 'status', status: 400, code: 'context_length_exceeded' }, fault: 'provider.context_too_long' },
  { behaviour: { kind: 'status', status: 404 }, fault: 'provider.bad_request' },
  { behaviour: { kind: 'status', status: 404, code: 'model_not_found' }, fault: 'provider.model_unknown' },
  { behaviour: { kind: 'status', status: 413 }, fault: 'provider.context_too_long' },
  { behaviour: { kind: 'status', status: 422 }, fault: 'provider.bad_request' },
  { behaviour: { kind: 'status', status: 302 }, fault: 'provider.bad_request' },
  { behaviour: { kind: 'status', status: 401 }, fault: 'provider.auth_refused' },
  { behaviour: { kind: 'status', status: 403 }, fault: 'provider.bad_request' },
  { behaviour: { kind: 'status', status: 403, code: 'invalid_api_key' }, fault: 'provider.auth_refused' },
  { behaviour: { kind: 'status', status: 408 }, fault: 'provider.timeout' },
  { behaviour: { kind: 'status', status: 409 }, fault: 'provider.unavailable' },
  { behaviour: { kind: 'status', status: 500 }, fault: 'provider.unavailable' },
  { behaviour: { kind: 'status', status: 503 }, fault: 'provider.capacity' },
  { behaviour: { kind: 'status', status: 529 }, fault: 'provider.capacity' },
  { behaviour: { kind: 'status', status: 204 }, fault: 'provider.unavailable' },
  { behaviour: { kind: 'reset' }, fault: 'provider.reset' },
  { behaviour: { kind: 'cut' }, fault: 'provider.reset' },
  { behaviour: { kind: 'html' }, fault: 'provider.unavailable' },
  { behaviour: { kind: 'broken-wire' }, fault: 'provider.unavailable' },
  { behaviour: { kind: 'huge', bytes: 5 * MiB }, fault: 'answer.truncated' },
  { behaviour: { kind: 'huge', bytes: 1 * MiB }, fault: 'answer.not_json', paid: true },
  { behaviour: { kind: 'truncated' }, fault: 'answer.truncated', paid: true },
  { behaviour: { kind: 'wrong-schema' }, fault: 'answer.schema_mismatch', paid: true },
  { behaviour: { kind: 'answer', answer: { title: '   ', sentiment: 'positive' } }, fault: 'answer.schema_mismatch', paid: true },
  { behaviour: { kind: 'not-json' }, fault: 'answer.not_json', paid: true },
  { behaviour: { kind: 'empty' }, fault: 'answer.empty', paid: true },
  { behaviour: { kind: 'no-choice' }, fault: 'answer.empty', paid: true },
  { behaviour: { kind: 'refused' }, fault: 'answer.refused', paid: true },
  { behaviour: { kind: 'content-filter' }, fault: 'answer.refused', paid: true },
]

describe('a call that goes wrong is one request and one fault', () => {
  test.each(EXPECTED)('$behaviour gives $fault', async ({ behaviour, fault, retryAfterMs, paid }) => {
    server.setScript(() => behaviour)
    const before = server.calls().length
    const answer = await provider.ask(question(), never)

    expect(answer).toMatchObject({ kind: 'broke', fault, provider: 'openai', model: 'gpt-4o-mini' })
    expect('retryAfterMs' in answer ? answer.retryAfterMs : undefined).toBe(retryAfterMs)
    const { usage } = server.calls()[before] ?? {}
    expect(answer.usage).toEqual(paid === true ? usage : {})
    expect(server.calls().length - before).toBe(1)

    const told = JSON.stringify(answer)
    expect(told).not.toContain(KEY)
    expect(told).not.toContain(SECRET_CONTENT)
    expect(told).not.toContain(server.baseUrl)
    expect(told).not.toContain('Refused:')
  })

  test('a server that is not there is unavailable', async () => {
    await using gone = await startModelServer()
    const lost = await oneTarget({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: gone.baseUrl })
    server.setScript(() => undefined)
    await gone.down()
    expect(await lost.ask(question(), never)).toMatchObject({ kind: 'broke', fault: 'provider.unavailable' })
    await gone.up()
    expect(await lost.ask(question(), never)).toMatchObject({ kind: 'answered' })
  })

  test('of calls in flight when the server goes down nobody knows what became', async () => {
    await using falling = await startModelServer({ latencyMs: 60_000 })
    const lost = await oneTarget({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: falling.baseUrl })
    const asked = lost.ask(question(), never)
    while (falling.calls().length === 0) await delay(5)
    await falling.down()
    expect(await asked).toMatchObject({ kind: 'broke', fault: 'provider.reset' })
    expect(falling.calls()).toMatchObject([{ abortedByClient: false }])
  })
})

describe('a call that goes well', () => {
  test('gives JSON in the order of the schema, its usage and its time', async () => {
    server.setScript(() => ({ kind: 'answer', answer: { extra: 1, sentiment: 'positive', title: '  A title ' } }))
    const answer = await provider.ask(question('short'), never)
    expect(answer).toMatchObject({
      kind: 'answered',
      json: '{"title":"A title","sentiment":"positive"}',
      usage: { promptTokens: 105, completionTokens: 20 },
    })
    expect(answer.latencyMs).toBeGreaterThan(0)
    expect(server.calls().at(-1)).toMatchObject({ authorization: `Bearer ${KEY}`, format: 'titled', content: 'short' })
  })

  test('asks in strict mode, with only the keywords that it takes', async () => {
    let sent: unknown
    server.setScript(({ body }) => {
      sent = body
      return undefined
    })
    await provider.ask(question(), never)
    const schema = {
      type: 'object',
      properties: { title: { type: 'string' }, sentiment: { type: 'string', enum: ['positive', 'negative'] } },
      required: ['title', 'sentiment'],
      additionalProperties: false,
    }
    expect(sent).toEqual({
      model: 'gpt-4o-mini',
      messages: question().messages.map(({ role, text }) => ({ role, content: text })),
      response_format: { type: 'json_schema', json_schema: { name: 'titled', strict: true, schema } },
      stream: false,
    })
  })

  test('of a model that nobody described, the schema is in the prompt as well', async () => {
    let sent = ''
    server.setScript(({ body }) => {
      sent = JSON.stringify(body)
      return undefined
    })
    const env = { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.baseUrl, OPENAI_MODEL: 'small' }
    expect(await (await oneTarget(env)).ask(question(), never)).toMatchObject({ kind: 'answered', model: 'small' })
    expect(sent).toContain('Give it a title.\\n\\nAnswer with one JSON object')
    expect(sent).toContain('"type":"json_schema"')
  })

  test('many at once have a connection each', async () => {
    // Long enough that the last is asked before the first is answered, also on a busy machine.
    await using busy = await startModelServer({ latencyMs: 3_000 })
    const many = await oneTarget({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: busy.baseUrl })
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => many.ask(question(`no. ${index}`), never)),
    )
    expect(answers.filter(({ kind }) => kind === 'answered')).toHaveLength(200)
    expect(busy.maxAtOnce).toBe(200)
  })
})

describe('a signal', () => {
  test('that aborts closes the socket, and the server sees it', async () => {
    server.setScript(() => ({ kind: 'hang' }))
    const stop = new AbortController()
    const before = server.calls().length
    const asked = provider.ask(question(), stop.signal)
    while (server.calls().length === before) await delay(5)
    stop.abort('a word, as a reason may be')
    expect(await asked).toMatchObject({ kind: 'aborted', usage: {} })
    while (server.calls()[before]?.endedMs === undefined) await delay(5)
    expect(server.calls()[before]).toMatchObject({ abortedByClient: true })
  })

  test('that times out is an abort like any other', async () => {
    server.setScript(() => ({ kind: 'hang' }))
    expect(await provider.ask(question(), AbortSignal.timeout(20))).toMatchObject({ kind: 'aborted' })
  })

  test('that has aborted before sends nothing', async () => {
    const before = server.calls().length
    expect(await provider.ask(question(), AbortSignal.abort())).toMatchObject({ kind: 'aborted' })
    expect(server.calls().length).toBe(before)
  })

  test('that serves a thousand calls keeps no listener of theirs', async () => {
    server.setScript(() => undefined)
    const { signal } = new AbortController()
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 50 }, () => provider.ask(question(), signal)))
    }
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
