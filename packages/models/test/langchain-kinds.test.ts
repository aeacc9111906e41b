import { gzipSync } from 'node:zlib'
import { event } from '@magictask/testkit'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { costMicroUsd } from '../src/index.ts'
import { fileWith } from './config-file.ts'
import { askTitle, imitations, type Overrides, type Subject } from './conformance/subject.ts'
import { oneTarget } from './one-target.ts'

const subjects = await imitations(['anthropic', 'google'])
afterAll(async () => {
  for (const subject of subjects) await subject[Symbol.asyncDispose]()
})
afterEach(() => vi.unstubAllEnvs())

const ANSWER = JSON.stringify({ title: 'Buy one, get one free', sentiment: 'positive' })
const EVENTS = { 'content-type': 'text/event-stream' }

function subjectOf(provider: string): Subject {
  const subject = subjects.find((one) => one.provider === provider)
  if (subject === undefined) throw new Error(`nobody imitates ${provider}`)
  return subject
}

/** Asks one provider, which answers with exactly this. */
async function askedOf(
  provider: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = EVENTS,
) {
  const subject = subjectOf(provider)
  subject.server?.setScript({ kind: 'verbatim', headers, body })
  return askTitle(await subject.open(), 'Buy one, get one free.')
}

const block = (content_block: object) => ({ type: 'content_block_start', index: 0, content_block })
const tool = (input: object) => block({ type: 'tool_use', id: 'toolu_1', name: 'titled', input })
const json = (partial_json: string) => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'input_json_delta', partial_json },
})
const blockStop = { type: 'content_block_stop', index: 0 }

interface Spoken {
  readonly started?: unknown
  readonly ended?: unknown
  readonly blocks?: readonly { readonly type?: string }[]
}

/** What Anthropic's server says, with these counts at its beginning and its end. */
function anthropic({ started, ended, blocks = [tool({}), json(ANSWER), blockStop] }: Spoken): string {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage: started }
  const last = { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: ended }
  return [{ type: 'message_start', message }, ...blocks, last, { type: 'message_stop' }]
    .map((one) => event(one, one.type))
    .join('')
}

function google(usageMetadata: unknown): string {
  const candidate = { content: { role: 'model', parts: [{ text: ANSWER }] }, finishReason: 'STOP', index: 0 }
  return event({ candidates: [candidate], usageMetadata })
}

describe('what was counted is what was said: what is no count was not said', () => {
  test.each([
    ['text', { input_tokens: '12', output_tokens: 5 }, { output_tokens: 5 }, { completionTokens: 5 }],
    ['null', { input_tokens: null, output_tokens: null }, { output_tokens: 7 }, { completionTokens: 7 }],
    ['a fraction', { input_tokens: 1.5, output_tokens: 1 }, { output_tokens: 4e9 }, {}],
    ['nothing', undefined, undefined, {}],
    [
      'more cached than was asked',
      { input_tokens: 10, cache_creation_input_tokens: 2, cache_read_input_tokens: 50 },
      { output_tokens: 3 },
      { promptTokens: 62, cachedTokens: 50, completionTokens: 3 },
    ],
    [
      'all of it at the end',
      { input_tokens: 0, output_tokens: 0 },
      { input_tokens: 40, output_tokens: 3 },
      { promptTokens: 40, completionTokens: 3 },
    ],
  ])('anthropic: %s', async (_, started, ended, usage) => {
    expect(await askedOf('anthropic', anthropic({ started, ended }))).toMatchObject({ kind: 'answered' })
    const answer = await askedOf('anthropic', anthropic({ started, ended }))
    expect(answer.usage).toEqual(usage)
    if (!('promptTokens' in usage)) expect(answer.costMicroUsd).toBeUndefined()
  })

  test('anthropic: of a stream that is cut, what was said at its beginning', async () => {
    const [begun = ''] = anthropic({ started: { input_tokens: 1_000, output_tokens: 1 } }).split(/(?<=\n\n)/)
    const answer = await askedOf('anthropic', begun)
    expect(answer).toMatchObject({ kind: 'broke', fault: 'provider.reset' })
    expect(answer.usage).toEqual({ promptTokens: 1_000 })
    expect(answer.costMicroUsd).toBeUndefined()
  })

  test.each([
    ['nothing', {}, {}],
    ['less than nothing', { promptTokenCount: -1, candidatesTokenCount: -5, totalTokenCount: -6 }, {}],
    ['text', { promptTokenCount: '12', candidatesTokenCount: 5 }, { completionTokens: 5, reasoningTokens: 0 }],
    [
      'more cached than was asked',
      { promptTokenCount: 10, cachedContentTokenCount: 50, candidatesTokenCount: 5, totalTokenCount: 15 },
      { promptTokens: 10, cachedTokens: 10, completionTokens: 5, reasoningTokens: 0 },
    ],
    [
      'thoughts in everything only',
      { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 900 },
      { promptTokens: 10, completionTokens: 890, reasoningTokens: 885 },
    ],
    [
      'thoughts without everything',
      { promptTokenCount: 10, candidatesTokenCount: 5, thoughtsTokenCount: 30 },
      { promptTokens: 10, completionTokens: 35, reasoningTokens: 30 },
    ],
  ])('google: %s', async (_, said, usage) => {
    const answer = await askedOf('google', google(said))
    expect(answer).toMatchObject({ kind: 'answered' })
    expect(answer.usage).toEqual(usage)
    const { price } = await subjectOf('google').open()
    expect(answer.costMicroUsd).toBe(costMicroUsd(price, usage))
  })
})

describe('nothing goes to a server but what is its own', () => {
  beforeEach(() => {
    vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'another-secret')
    vi.stubEnv('ANTHROPIC_CUSTOM_HEADERS', 'x-mine: another-secret')
  })

  test('not what stands in the environment', async () => {
    await askedOf('anthropic', anthropic({}))
    const headers = subjectOf('anthropic').server?.requests().at(-1)?.headers
    expect(headers).toMatchObject({ 'x-api-key': 'k', 'anthropic-version': '2023-06-01' })
    expect(JSON.stringify(headers)).not.toContain('another-secret')
  })

  test.each(['anthropic', 'google'])(
    '%s: a redirect is not followed, so the key stays where it belongs',
    async (name) => {
      const [there, elsewhere] = [subjectOf(name).server, subjectOf(name === 'google' ? 'anthropic' : 'google').server]
      there?.setScript({ kind: 'verbatim', status: 307, headers: { location: `${elsewhere?.baseUrl}/` }, body: '' })
      const before = elsewhere?.requests().length
      expect(await askTitle(await subjectOf(name).open(), 'x')).toMatchObject({ fault: 'provider.bad_request' })
      expect(elsewhere?.requests().length).toBe(before)
    },
  )
})

test.each([
  ['anthropic', anthropic({})],
  ['google', google({})],
])('%s: a compressed answer is not read, for nobody knows how long it is', async (provider, body) => {
  const gzip = { ...EVENTS, 'content-encoding': 'gzip' }
  expect(await askedOf(provider, gzipSync(body), gzip)).toMatchObject({ kind: 'broke', fault: 'provider.unavailable' })
  expect(subjectOf(provider).server?.requests().at(-1)?.headers['accept-encoding']).toBe('identity')
  expect(await askedOf(provider, body)).toMatchObject({ kind: 'answered' })
})

describe('what was paid for is read, whatever is missing around it', () => {
  const text = [block({ type: 'text', text: '' }), { type: 'content_block_delta', index: 0, delta: textDelta(ANSWER) }]
  test.each([
    ['arguments at the beginning of their block', [tool(JSON.parse(ANSWER)), blockStop]],
    ['arguments at the beginning and in pieces', [tool(JSON.parse(ANSWER)), json(ANSWER), blockStop]],
    ['the answer beside a tool that is called with nothing', [...text, blockStop, tool({}), json('{}'), blockStop]],
    ['pieces that are none', [{ type: 'content_block_delta' }, block({}), tool({}), json(ANSWER), {}]],
  ])('anthropic: %s', async (_, blocks) => {
    const said = anthropic({ blocks }) + event('[DONE]')
    expect(await askedOf('anthropic', said)).toMatchObject({ kind: 'answered', json: ANSWER })
  })
})

function textDelta(text: string): object {
  return { type: 'text_delta', text }
}

describe('what a file says of them reaches the request', () => {
  const requestOf = async (provider: string, overrides: Overrides) => {
    const subject = subjectOf(provider)
    subject.server?.setScript({ kind: 'answer', text: ANSWER })
    const answer = await askTitle(await subject.open(overrides), 'x')
    expect(answer).toMatchObject({ kind: 'answered', json: ANSWER })
    return subject.server?.requests().at(-1)
  }

  test('google: extraBody is joined into the request, member by member', async () => {
    const extraBody = { generationConfig: { thinkingConfig: { thinkingBudget: 0 } }, labels: { of: 'us' } }
    const model = { quirks: { extraBody }, parameters: { temperature: 0.5 } }
    expect((await requestOf('google', { model }))?.body).toMatchObject({
      labels: { of: 'us' },
      generationConfig: {
        thinkingConfig: { thinkingBudget: 0 },
        temperature: 0.5,
        responseMimeType: 'application/json',
        responseSchema: { type: 'object' },
      },
    })
  })

  test('anthropic: a tool that cannot be demanded is offered', async () => {
    const sent = await requestOf('anthropic', { model: { quirks: { toolChoice: 'auto' } } })
    expect(sent?.body).toMatchObject({ tools: [{ name: 'titled' }], tool_choice: { type: 'auto' } })
  })

  test.each(['anthropic', 'google'])('%s: the schema is sent to a model that nobody described', async (kind) => {
    const { server } = subjectOf(kind)
    server?.setScript({ kind: 'answer', text: ANSWER })
    const own = { kind, baseUrl: server?.baseUrl, model: 'mine', keyFile: fileWith('k'), models: { mine: {} } }
    const target = await oneTarget({ MAGICTASK__providers: JSON.stringify({ own }) })
    expect(await askTitle(target, 'x')).toMatchObject({ kind: 'answered', provider: 'own' })
    const body = JSON.stringify(server?.requests().at(-1)?.body)
    expect(body).toMatch(kind === 'anthropic' ? '"input_schema":{"type":"object"' : '"responseSchema":{"type":"object"')
  })

  test.each(['anthropic', 'google'])('%s: a server that needs no key is sent none', async (kind) => {
    const { server } = subjectOf(kind)
    server?.setScript({ kind: 'answer', text: ANSWER })
    const own = { kind, baseUrl: server?.baseUrl, model: 'mine' }
    const target = await oneTarget({ MAGICTASK__providers: JSON.stringify({ own }) })
    // The imitation is of a server that wants one.
    expect(await askTitle(target, 'x')).toMatchObject({ kind: 'broke', fault: 'provider.auth_refused' })
    const { headers } = server?.requests().at(-1) ?? {}
    expect(headers).not.toHaveProperty('x-api-key')
    expect(headers).not.toHaveProperty('x-goog-api-key')
  })
})
