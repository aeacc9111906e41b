import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readModelsConfig } from '../src/index.ts'
import { folder, mistakes } from './config-file.ts'

const server = { baseUrl: 'http://127.0.0.1:9/v1', model: 'm' }

describe('a mistake is named by its path in the file', () => {
  test.each([
    ['an unknown field', { providers: { x: { ...server, retries: 3 } } }, '/providers/x/retries'],
    [
      'a limit of a magicType that there is not',
      { limits: { magicTypes: { spam_cheque: 3 } } },
      '/limits/magicTypes/spam_cheque: is none of spam_check, title_optimize',
    ],
    ['an unknown field at the top', { provider: {} }, '/provider'],
    [
      'a token limit that is no key',
      { providers: { x: { ...server, maxTokens: 3 } } },
      '/providers/x/maxTokens: is not a field',
    ],
    [
      'a price of half',
      { providers: { x: { ...server, models: { m: { price: { inputUsd: 1 } } } } } },
      '/providers/x/models/m/price/outputUsd: is missing',
    ],
    [
      'a range that is none',
      { providers: { x: { ...server, quirks: { temperature: 1 } } } },
      '/providers/x/quirks/temperature: has to be a range',
    ],
    ['a key', { providers: { x: { ...server, apiKey: 'sk-secret' } } }, '/providers/x/apiKey: a key is never written'],
    [
      'a price below 0',
      { providers: { x: { ...server, models: { m: { price: { inputUsd: -1, outputUsd: 1 } } } } } },
      '/providers/x/models/m/price/inputUsd: a price cannot be below 0',
    ],
    [
      'an unknown provider',
      { routes: { 'text.free': { candidates: [{ provider: 'nobody' }] } } },
      '/routes/text.free/candidates/0/provider',
    ],
    [
      'an unknown model',
      { routes: { 'text.free': { candidates: [{ provider: 'kimi', model: 'nothing' }] } } },
      '/routes/text.free/candidates/0/model',
    ],
    ['an unknown queue', { routes: { 'text.gold': { candidates: [{ provider: 'kimi' }] } } }, '/routes/text.gold'],
    ['no candidate', { routes: { 'text.free': { candidates: [] } } }, '/routes/text.free/candidates'],
    [
      'a candidate twice',
      { routes: { 'text.free': { candidates: [{ provider: 'kimi' }, { provider: 'kimi' }] } } },
      '/routes/text.free/candidates/1/provider',
    ],
    [
      'a limit of 0',
      { limits: { providers: { kimi: { requestsPerMinute: 0 } } } },
      '/limits/providers/kimi/requestsPerMinute: a limit has to be 1 or more',
    ],
    [
      'a maxWorkers of 0',
      { routes: { 'text.free': { candidates: [{ provider: 'kimi', maxWorkers: 0 }] } } },
      '/routes/text.free/candidates/0/maxWorkers',
    ],
    ['a limit of nobody', { limits: { providers: { nobody: { concurrency: 1 } } } }, '/limits/providers/nobody'],
    ['no address', { providers: { x: { model: 'm' } } }, '/providers/x/baseUrl'],
    ['no model', { providers: { x: { baseUrl: 'http://127.0.0.1:9' } } }, '/providers/x/model'],
    ['an address that is none', { providers: { x: { ...server, baseUrl: 'ftp://x' } } }, '/providers/x/baseUrl'],
    [
      'a password in an address',
      { providers: { x: { ...server, baseUrl: 'https://me:secret@x' } } },
      '/providers/x/baseUrl',
    ],
    [
      'an address with a query',
      { providers: { x: { ...server, baseUrl: 'http://127.0.0.1:9/v1?a=b' } } },
      '/providers/x/baseUrl: has to end with its path',
    ],
    ['an address with a mark', { providers: { x: { ...server, baseUrl: 'http://x/#v1' } } }, '/providers/x/baseUrl'],
    [
      'a range that is turned round',
      { providers: { x: { ...server, quirks: { temperature: { min: 1, max: 0 } } } } },
      '/providers/x/quirks/temperature: has to be a range',
    ],
    [
      'a silence of years',
      { providers: { x: { ...server, timeouts: { firstTokenMs: 1e12 } } } },
      '/providers/x/timeouts/firstTokenMs: has to be a day',
    ],
    [
      'a way of answering that the kind has not',
      {
        providers: { x: { ...server, kind: 'anthropic', models: { m: { capabilities: { strictJsonSchema: true } } } } },
      },
      '/providers/x/models/m/capabilities/strictJsonSchema: a provider of kind anthropic',
    ],
    [
      'tools of google',
      { providers: { google: { capabilities: { tools: true } } } },
      '/providers/google/capabilities/tools: a provider of kind google',
    ],
    [
      'a temperature that the model refuses',
      { providers: { zhipu: { models: { 'glm-4.7': { parameters: { temperature: 1.5 } } } } } },
      '/providers/zhipu/models/glm-4.7/parameters/temperature: this model takes 0 to 1',
    ],
    [
      'a route of which nobody has a key',
      { routes: { 'text.paid': { candidates: [{ provider: 'qwen' }] } } },
      '/routes/text.paid: no key of any',
    ],
  ])('%s', (_, file, expected) => {
    const [first, ...more] = mistakes(file, { KIMI_API_KEY: 'k' })
    expect(first).toContain(expected)
    expect(more).toEqual([])
    expect(first).not.toContain('secret')
  })

  test.each([
    ['openai-compatible', { messages: [] }, 'messages'],
    ['openai-compatible', { temperature: 2 }, 'temperature'],
    ['anthropic', { max_tokens: 1 }, 'max_tokens'],
    ['google', { generationConfig: { thinkingConfig: {}, responseSchema: {} } }, 'generationConfig/responseSchema'],
    ['google', { generationConfig: 1, labels: {} }, 'generationConfig/temperature'],
  ])("a field of %s's own requests in extraBody: %j", (kind, extraBody, field) => {
    const file = { providers: { x: { ...server, kind, models: { m: { quirks: { extraBody } } } } } }
    expect(mistakes(file, { KIMI_API_KEY: 'k' })[0]).toContain(
      `/providers/x/models/m/quirks/extraBody/${field}: is said by the request itself`,
    )
    expect(mistakes({ providers: { x: { ...server, kind, quirks: { extraBody } } } })[0]).toContain(
      `/providers/x/quirks/extraBody/${field}: is said`,
    )
  })

  test('two of one name', () => {
    const twice = '{"providers":{"a/b":{"baseUrl":"http://x","model":"m"},"a/b":{"baseUrl":"http://y","model":"m"}}}'
    expect(mistakes(twice.replaceAll('a/b', 'mine'))).toContain('/providers/mine: is there twice')
    expect(mistakes('{"limits":{"concurrency":1,"concurrency":2}}')).toEqual(['/limits/concurrency: is there twice'])
  })

  test('all of them at once, what does not fit and what contradicts something else', () => {
    const file = {
      retries: 1,
      limits: { concurrency: 0, providers: { nobody: { concurrency: 1 } } },
      providers: { x: { baseUrl: 'nowhere', model: 'm', models: { m: { price: { inputUsd: 1 } } } } },
      routes: {
        'text.free': { candidates: [{ provider: 'kimi', model: 'no' }] },
        'text.paid': { candidates: [{ provider: 'x', maxWorkers: 0 }] },
      },
    }
    expect(mistakes(file).map((line) => line.split(':')[0])).toEqual([
      '/providers/x/baseUrl',
      '/providers/x/models/m/price/outputUsd',
      '/limits/concurrency',
      '/routes/text.paid/candidates/0/maxWorkers',
      '/retries',
      '/limits/providers/nobody',
      '/routes/text.free/candidates/0/model',
    ])
  })

  test('a file that is not there, is not JSON or is no object', () => {
    expect(() => readModelsConfig({ MAGICTASK_CONFIG: join(folder, 'nothing.json') })).toThrow('cannot be read')
    expect(mistakes('{"providers":')).toEqual(['the file: is not JSON'])
    expect(mistakes('[]')).toEqual(['the file: has to be a JSON object'])
  })

  test('an address without its key, or nothing would tell that offline stood in for it', () => {
    expect(mistakes({}, { OPENAI_BASE_URL: 'http://127.0.0.1:9' })).toHaveLength(1)
    expect(mistakes({ providers: { x: { ...server, keyVariable: 'X_KEY' } } })).toHaveLength(1)
  })
})
