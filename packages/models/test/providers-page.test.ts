import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { openTargets, readModelsConfig } from '../src/index.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/providers.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'providers-page-'))

test('the example is a configuration that works, and gives what it says', async () => {
  const key = join(folder, 'key')
  writeFileSync(key, 'sk-deepseek\n')
  const example = (/```json\n(.*?)```/s.exec(page)?.[1] ?? '').replace('/run/secrets/deepseek', key)
  const path = join(folder, 'magictask.config.json')
  writeFileSync(path, example)
  const config = readModelsConfig({ MAGICTASK_CONFIG: path, OPENROUTER_API_KEY: 'k' })
  const { targets, routes, limits } = await openTargets(config, { clock: systemClock })

  expect([...targets.keys()].toSorted()).toEqual([
    'deepseek/deepseek-v4-pro',
    'local/qwen3:4b',
    'openrouter/meta-llama/llama-3.3-70b-instruct',
  ])
  expect(routes.get('text.paid')).toMatchObject({
    balance: 'least-connections',
    candidates: [
      { provider: 'deepseek', priority: 0, weight: 1, maxWorkers: 5 },
      { provider: 'openrouter', priority: 2, weight: 3, maxWorkers: 10 },
      { provider: 'local', priority: 2, weight: 1 },
    ],
  })
  expect(config.providers.get('deepseek')?.apiKey).toBe('sk-deepseek')
  expect(targets.get('local/qwen3:4b')).toMatchObject({
    contextTokens: 32_768,
    capabilities: { structured: ['json-schema', 'json-object', 'text'], vision: false, streaming: true },
  })
  expect(limits.providers.get('openrouter')).toEqual({
    concurrency: 20,
    requestsPerMinute: 300,
    tokensPerMinute: 400_000,
  })
  expect(limits.magicTypes.get('sku_mapping')).toBe(10)
})

test('the table has every provider that is built in, with its models in their order', () => {
  const variables = page.match(/`[A-Z]+_API_KEY`/g) ?? []
  const env = Object.fromEntries(variables.map((name) => [name.replaceAll('`', ''), 'k']))
  const { providers } = readModelsConfig(env)
  const listed = [...page.matchAll(/^\| `([a-z]+)` \| `[A-Z]+_API_KEY` \| [^|]+ \| ([^|]+) \|/gm)]
  const inPage = listed.map(([, name, models = '']) => [name, models.replaceAll('`', '').trim().split(', ')])
  expect(inPage).toEqual([...providers].map(([name, { models }]) => [name, [...models.keys()]]))
})

test('every price that is built in says when it was read, and where', () => {
  const env = {
    OPENAI_API_KEY: 'k',
    DEEPSEEK_API_KEY: 'k',
    ZHIPU_API_KEY: 'k',
    KIMI_API_KEY: 'k',
    ANTHROPIC_API_KEY: 'k',
    GOOGLE_API_KEY: 'k',
  }
  const models = [...readModelsConfig(env).providers.values()].flatMap((provider) => [...provider.models.values()])
  const prices = models.flatMap(({ price }) => price ?? [])
  expect(prices.length).toBeGreaterThan(10)
  for (const price of prices)
    expect(price).toMatchObject({
      asOf: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      source: expect.stringMatching(/^https:/),
    })
})
