import type { FaultCode } from '@magictask/domain'
import { newCallId } from '@magictask/runtime'
import { type ModelServer, startModelServer } from '@magictask/testkit'
import { errors } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { faultFromProvider, isUnbilled } from '../src/fault-from-provider.ts'
import { Refused } from '../src/http/refused.ts'
import type { Answer } from '../src/index.ts'
import { oneTarget } from './one-target.ts'

const format = { name: 'titled', schema: z.object({ title: z.string() }) }
let server: ModelServer
beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server[Symbol.asyncDispose]())

/** What becomes of a call that is answered so. */
async function answeredWith(status: number, body: unknown): Promise<Answer> {
  server.setScript(() => ({ kind: 'body', status, body }))
  const target = await oneTarget({ OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: server.baseUrl })
  const messages = [{ role: 'user', text: 'a question' }] as const
  return await target.ask({ callId: newCallId(), messages, format, suggestion: 0 }, new AbortController().signal)
}

const said = (message: string, more: object = {}) => ({ error: { message, ...more } })

describe("a prompt that an error quotes does not speak for the service's account", () => {
  test.each([
    [403, said('Your input was flagged', { code: 403, metadata: { reasons: ['violence'] } }), 'provider.bad_request'],
    [403, 'Request blocked by the firewall', 'provider.bad_request'],
    [403, said('flagged: insufficient account balance'), 'provider.bad_request'],
    [403, said('no', { code: 'content_filter' }), 'answer.refused'],
    [400, said('cannot classify: my account is in arrears'), 'provider.bad_request'],
    [400, said('bad: your credit balance is too low'), 'provider.bad_request'],
    [400, said('bad: API key not valid'), 'provider.bad_request'],
    [500, said('failed on: insufficient account balance'), 'provider.unavailable'],
    [500, said('failed on: the model does not exist'), 'provider.unavailable'],
  ] satisfies [number, unknown, FaultCode][])('%i with %j is %s', async (status, body, fault) => {
    expect(await answeredWith(status, body)).toMatchObject({ kind: 'broke', fault })
  })

  test.each([
    [403, said('no', { status: 'PERMISSION_DENIED' }), 'provider.auth_refused'],
    [403, said('no', { code: 'unsupported_country_region_territory' }), 'provider.auth_refused'],
    [400, said('Incorrect API key provided: sk-***'), 'provider.auth_refused'],
    [400, said('Your credit balance is too low to access it.'), 'provider.quota_exhausted'],
    [429, said('Your account is in arrears, please recharge'), 'provider.quota_exhausted'],
  ] satisfies [number, unknown, FaultCode][])('but %i with %j is %s', async (status, body, fault) => {
    expect(await answeredWith(status, body)).toMatchObject({ kind: 'broke', fault })
  })
})

describe('an error is read in every shape that it has', () => {
  const badKey = said('API key not valid.', { details: [{ reason: 'API_KEY_INVALID' }] })
  // biome-ignore format: a table, one line a row
  test.each([
    ['in a list', 400, [badKey], 'provider.auth_refused'],
    ['with status 200', 200, said('no', { code: 'insufficient_quota' }), 'provider.quota_exhausted'],
    ['with status 200 and its own', 200, said('no credits', { code: 402 }), 'provider.quota_exhausted'],
    ['of a choice', 200, { choices: [{ error: { code: 429, message: 'x' } }] }, 'provider.rate_limited'],
    ['as the whole body', 400, { object: 'error', message: 'maximum context length', code: 400 }, 'provider.context_too_long'],
    ['as the whole body, with status 200', 200, { object: 'error', message: 'x', code: 503 }, 'provider.capacity'],
    ['as a text', 404, { error: 'model "some" not found, try pulling it first' }, 'provider.model_unknown'],
    ['of llama.cpp', 400, said('x', { type: 'exceed_context_size_error' }), 'provider.context_too_long'],
    ['in words of llama.cpp', 400, said('exceeds the available context size'), 'provider.context_too_long'],
    ['in words of Anthropic', 400, said('input length and max_tokens exceed context limit'), 'provider.context_too_long'],
  ] satisfies [string, number, unknown, FaultCode][])('%s', async (_, status, body, fault) => {
    expect(await answeredWith(status, body)).toMatchObject({ kind: 'broke', fault })
  })

  test('with the wait that it asks for', async () => {
    const slower = said('quota', { status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay: '22s' }] })
    expect(await answeredWith(429, [slower])).toMatchObject({ fault: 'provider.rate_limited', retryAfterMs: 22_000 })
  })

  test('a number is what the provider that says it means by it', async () => {
    expect(await answeredWith(429, said('x', { code: 1002 }))).toMatchObject({ fault: 'provider.rate_limited' })
    const refused = new Refused({ status: 429, body: said('x', { code: 1002 }) })
    expect(faultFromProvider(refused, new Date(), 'zhipu').code).toBe('provider.auth_refused')
  })

  test('what was counted before the error is kept', async () => {
    const answer = await answeredWith(200, { ...said('no'), usage: { prompt_tokens: 12 } })
    expect(answer).toMatchObject({ fault: 'provider.unavailable', usage: { promptTokens: 12 } })
    expect(answer).not.toHaveProperty('costMicroUsd')
  })
})

test('a connection that was never made cost nothing, however long it took', () => {
  const refused = Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT', syscall: 'connect' })
  const all = Object.assign(new AggregateError([refused]), { code: 'ETIMEDOUT' })
  for (const thrown of [new errors.ConnectTimeoutError(), refused, all]) {
    const fault = faultFromProvider(new TypeError('fetch failed', { cause: thrown }), new Date())
    expect([fault.code, isUnbilled(fault)]).toEqual(['provider.unavailable', true])
  }
  const silent = faultFromProvider(new errors.HeadersTimeoutError(), new Date())
  expect([silent.code, isUnbilled(silent)]).toEqual(['provider.timeout', false])
})
