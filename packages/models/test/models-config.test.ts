import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, systemClock } from '@magictask/runtime'
import { describe, expect, test } from 'vitest'
import { openTargets, readModelsConfig } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'models-config-'))
let files = 0

function fileWith(text: string): string {
  const path = join(folder, `${files++}.json`)
  writeFileSync(path, text)
  return path
}

function read(file: unknown, env: Record<string, string> = {}) {
  const text = typeof file === 'string' ? file : JSON.stringify(file)
  return readModelsConfig({ MAGICTASK_CONFIG: fileWith(text), ...env })
}

function mistakes(file: unknown, env: Record<string, string> = {}): readonly string[] {
  try {
    read(file, env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
  }
}

function candidatesOf(env: Record<string, string>, file: unknown = {}) {
  const { routes } = read(file, env)
  return Object.fromEntries(
    [...routes].map(([queue, { candidates }]) => [
      queue,
      candidates.map(({ target, maxWorkers }) => (maxWorkers === undefined ? target : `${target} ${maxWorkers}`)),
    ]),
  )
}

describe('what answers', () => {
  test('without any key is offline', () => {
    expect(candidatesOf({})).toEqual({
      'text.free': ['offline/rules-1'],
      'text.paid': ['offline/rules-1'],
      'vision.free': [],
      'vision.paid': [],
    })
  })

  test('with keys of DeepSeek and Zhipu is theirs, paid text five and three at once, free text two', () => {
    expect(candidatesOf({ DEEPSEEK_API_KEY: 'd', ZHIPU_API_KEY: 'z', OPENAI_API_KEY: 'o' })).toMatchObject({
      'text.paid': ['deepseek/deepseek-v4-flash 5', 'zhipu/glm-4.7-flash 3'],
      'text.free': ['zhipu/glm-4.7-flash 2'],
      'vision.paid': ['openai/gpt-4o-mini'],
    })
  })

  test('with other keys is whoever has one, and of OpenAI the model that the environment names', () => {
    expect(candidatesOf({ OPENAI_API_KEY: 'o', OPENAI_MODEL: 'mine', KIMI_API_KEY: 'k' })).toMatchObject({
      'text.free': ['openai/mine', 'kimi/kimi-k2-0905-preview'],
    })
    expect(candidatesOf({ DEEPSEEK_API_KEY: 'd' })).toMatchObject({ 'text.free': ['deepseek/deepseek-v4-flash'] })
  })

  test('is the order that a route says, of those whose key is there', () => {
    const routes = {
      'text.paid': {
        strategy: 'cost',
        candidates: [
          { provider: 'kimi', maxWorkers: 4 },
          { provider: 'openai', model: 'gpt-4.1-mini', priority: 7 },
          { provider: 'qwen' },
        ],
      },
    }
    const { routes: read1 } = read({ routes }, { OPENAI_API_KEY: 'o', DASHSCOPE_API_KEY: 'q' })
    expect(read1.get('text.paid')).toEqual({
      queue: 'text.paid',
      strategy: 'cost',
      balance: 'weighted-round-robin',
      candidates: [
        { target: 'openai/gpt-4.1-mini', provider: 'openai', model: 'gpt-4.1-mini', priority: 7, weight: 1 },
        { target: 'qwen/qwen-plus', provider: 'qwen', model: 'qwen-plus', priority: 2, weight: 1 },
      ],
    })
  })

  test('may be a server of one own name, by configuration alone, also one without a key', () => {
    const providers = { local: { baseUrl: 'http://127.0.0.1:9/v1', model: 'small' } }
    const routes = { 'text.free': { candidates: [{ provider: 'local' }] } }
    expect(candidatesOf({}, { providers, routes })).toMatchObject({ 'text.free': ['local/small'] })
  })

  test('has its key by variable, by a file that a variable names, or by a file that the entry names', () => {
    const key = fileWith('file-key\n')
    expect(read({}, { OPENAI_API_KEY_FILE: key }).providers.get('openai')?.apiKey).toBe('file-key')
    const providers = { own: { baseUrl: 'http://127.0.0.1:9', model: 'm', keyFile: key } }
    expect(read({ providers }).providers.get('own')?.apiKey).toBe('file-key')
    expect(mistakes({}, { OPENAI_API_KEY: 'two words' })).toEqual([
      '/providers/openai: OPENAI_API_KEY: a key has to be visible characters without blanks',
    ])
  })
})

describe('a value of the environment', () => {
  test('stands above the file, and the file above what is built in', () => {
    const providers = { deepseek: { baseUrl: 'http://file.example', model: 'deepseek-v4-pro' } }
    const env = { DEEPSEEK_API_KEY: 'd', MAGICTASK__providers__deepseek__baseUrl: 'http://env.example' }
    const deepseek = read({ providers }, env).providers.get('deepseek')
    expect(deepseek).toMatchObject({ baseUrl: 'http://env.example', apiKey: 'd' })
    expect([...(deepseek?.models.keys() ?? [])]).toEqual(['deepseek-v4-pro', 'deepseek-v4-flash'])
  })

  test('may be JSON, and its mistake names the variable', () => {
    const config = read({}, { MAGICTASK__limits: '{"concurrency":40,"magicTypes":{"spam_check":3}}' })
    expect(config.limits).toMatchObject({ concurrency: 40 })
    expect(config.limits.magicTypes.get('spam_check')).toBe(3)
    expect(mistakes({}, { MAGICTASK__limits__concurrency: '0' })).toEqual([
      'MAGICTASK__limits__concurrency: /limits/concurrency: a limit has to be 1 or more: leave it out for none',
    ])
  })
})

const server = { baseUrl: 'http://127.0.0.1:9/v1', model: 'm' }

describe('a mistake is named by its path in the file', () => {
  test.each([
    ['an unknown field', { providers: { x: { ...server, retries: 3 } } }, '/providers/x/retries'],
    ['an unknown field at the top', { provider: {} }, '/provider'],
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

  test('two of one name', () => {
    const twice = '{"providers":{"a/b":{"baseUrl":"http://x","model":"m"},"a/b":{"baseUrl":"http://y","model":"m"}}}'
    expect(mistakes(twice.replaceAll('a/b', 'mine'))).toContain('/providers/mine: is there twice')
    expect(mistakes('{"limits":{"concurrency":1,"concurrency":2}}')).toEqual(['/limits/concurrency: is there twice'])
  })

  test('all of them at once', () => {
    const file = { retries: 1, limits: { concurrency: 0 }, providers: { x: { baseUrl: 'nowhere' } } }
    expect(mistakes(file).map((line) => line.split(':')[0])).toEqual([
      '/providers/x/baseUrl',
      '/limits/concurrency',
      '/retries',
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

test('only what a route names is opened, with its prices in micro-dollars', async () => {
  const env = { DEEPSEEK_API_KEY: 'd', ANTHROPIC_API_KEY: 'a', GOOGLE_API_KEY: 'g' }
  const candidates = [{ provider: 'anthropic' }, { provider: 'google' }]
  const { targets } = await openTargets(read({ routes: { 'text.paid': { candidates } } }, env), { clock: systemClock })
  expect([...targets.keys()].toSorted()).toEqual([
    'anthropic/claude-haiku-4-5',
    'deepseek/deepseek-v4-flash',
    'google/gemini-2.5-flash',
  ])
  expect(targets.get('anthropic/claude-haiku-4-5')).toMatchObject({
    provider: 'anthropic',
    contextTokens: 200_000,
    price: { inputMicroUsd: 1_000_000, cachedInputMicroUsd: 100_000, outputMicroUsd: 5_000_000 },
    capabilities: { structured: ['tool', 'text'], vision: true },
  })
})
