import { systemClock } from '@magictask/runtime'
import { describe, expect, test } from 'vitest'
import { openTargets } from '../src/index.ts'
import { fileWith, mistakes, read } from './config-file.ts'

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
