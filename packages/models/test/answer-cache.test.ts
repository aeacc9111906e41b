import { TenantId } from '@magictask/domain'
import { testClock } from '@magictask/runtime'
import { startRespServer } from '@magictask/testkit'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type AnswerQuestion, answerKey } from '../src/index.ts'
import { ANSWER, FITS, findSoon, keepSoon, openCache, secondLevelContract, TARGET } from './answer-cache.contract.ts'

secondLevelContract('a small server of the same protocol', startRespServer)

/** Where a real one is at hand it has to keep the same promises. */
const real = process.env.REDIS_URL
if (real !== undefined) {
  secondLevelContract('the Redis of REDIS_URL', async () => ({
    url: real,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }))
}

describe('in memory', () => {
  test('an answer is found again under the targets that are asked, in their order', async () => {
    await using bundle = openCache()
    const other = { ...ANSWER, provider: 'two', model: 'm' }
    bundle.cache.keep('k', other)
    bundle.cache.keep('k', ANSWER)
    expect(await bundle.cache.find('k', ['three/m', TARGET, 'two/m'], FITS)).toEqual(ANSWER)
    expect(await bundle.cache.find('k', ['two/m'], FITS)).toEqual(other)
    expect(await bundle.cache.find('k', ['three/m'], FITS)).toBeUndefined()
    expect(await bundle.cache.find('l', [TARGET], FITS)).toBeUndefined()
    expect(await bundle.count('llm_cache_hits_total')).toBe(2)
    expect(await bundle.count('llm_cache_misses_total')).toBe(2)
  })

  test('what is used least makes room when the bytes pass the bound, and is counted', async () => {
    await using bundle = openCache({ memoryBytes: 10_000 })
    const large = { ...ANSWER, json: JSON.stringify('x'.repeat(1_500)) }
    for (const key of ['a', 'b', 'c']) bundle.cache.keep(key, large)
    expect(await bundle.cache.find('a', [TARGET], FITS)).toBeDefined()
    bundle.cache.keep('d', large)
    expect(await bundle.cache.find('b', [TARGET], FITS)).toBeUndefined()
    expect(await bundle.cache.find('a', [TARGET], FITS)).toBeDefined()
    expect(await bundle.count('llm_cache_evictions_total')).toBe(1)
  })

  test('one that is larger than the bound is not kept, and pushes nothing out', async () => {
    await using bundle = openCache({ memoryBytes: 10_000 })
    bundle.cache.keep('a', ANSWER)
    bundle.cache.keep('b', { ...ANSWER, json: JSON.stringify('x'.repeat(20_000)) })
    expect(await bundle.cache.find('a', [TARGET], FITS)).toEqual(ANSWER)
    expect(await bundle.cache.find('b', [TARGET], FITS)).toBeUndefined()
  })

  test('an answer is forgotten after its time', async () => {
    const clock = testClock('2026-01-01T00:00:00Z')
    clock.advance(1)
    await using bundle = openCache({ ttlMs: 1_000, clock })
    bundle.cache.keep('k', ANSWER)
    clock.advance(999)
    expect(await bundle.cache.find('k', [TARGET], FITS)).toEqual(ANSWER)
    clock.advance(2)
    expect(await bundle.cache.find('k', [TARGET], FITS)).toBeUndefined()
  })
})

describe('a second level that is not as it should be', () => {
  const watched = () => {
    const lines: string[] = []
    const tell = (event: string) => lines.push(event)
    return { lines, log: { info: tell, warn: tell, error: tell } }
  }
  const AWAY = 'Redis is away; answers are found again in memory only'

  test('is a miss and one line an outage, and is used again when it is back', async () => {
    await using redis = await startRespServer()
    const { lines, log } = watched()
    await using one = openCache({ redisUrl: redis.url, log })
    await using two = openCache({ redisUrl: redis.url, memoryBytes: 0 })
    await keepSoon(one.cache, two.cache, 'k')
    await redis.down()
    for (let tries = 0; tries < 50; tries++) expect(await one.cache.find('none', [TARGET], FITS)).toBeUndefined()
    expect(await one.cache.find('k', [TARGET], FITS)).toEqual(ANSWER)
    while (lines.length === 0) await one.cache.find('none', [TARGET], FITS)
    await redis.up()
    expect(await findSoon(two.cache, 'k')).toEqual(ANSWER)
    await findSoon(one.cache, 'none of it')
    expect(lines).toEqual([AWAY, 'Redis is back'])
  })

  test('was never there: nobody waits for it', async () => {
    const redis = await startRespServer()
    await redis.down()
    const { lines, log } = watched()
    await using bundle = openCache({ redisUrl: redis.url, log })
    bundle.cache.keep('k', ANSWER)
    expect(await bundle.cache.find('k', [TARGET], FITS)).toEqual(ANSWER)
    expect(await bundle.cache.find('l', [TARGET], FITS)).toBeUndefined()
    while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(lines).toEqual([AWAY])
  })

  test('takes the request and never answers: it is waited for once, and then not for a while', async () => {
    await using redis = await startRespServer()
    const clock = testClock('2026-01-01T00:00:00Z')
    const { lines, log } = watched()
    await using bundle = openCache({ redisUrl: redis.url, clock, log, memoryBytes: 0 })
    await keepSoon(bundle.cache, bundle.cache, 'k')
    redis.stall()
    for (let tries = 0; tries < 1_000; tries++) expect(await bundle.cache.find('k', [TARGET], FITS)).toBeUndefined()
    expect(lines).toEqual([AWAY])
  })

  test.each([
    ['no JSON', 'x'],
    ['another shape', '{"json":1}'],
    ['an answer that is no JSON', '{"provider":"one","model":"org/m","json":"{"}'],
  ])('holds %s: that is a miss', async (_, text) => {
    await using redis = await startRespServer()
    await using bundle = openCache({ redisUrl: redis.url, memoryBytes: 0 })
    await keepSoon(bundle.cache, bundle.cache, 'k')
    redis.put(`magictask:answer:1:k:${TARGET}:f`, text)
    expect(await bundle.cache.find('k', [TARGET], FITS)).toBeUndefined()
  })
})

test('what a second level holds is found only where it fits what was asked', async () => {
  await using redis = await startRespServer()
  await using one = openCache({ redisUrl: redis.url })
  await using two = openCache({ redisUrl: redis.url, memoryBytes: 0 })
  await keepSoon(one.cache, two.cache, 'k')
  const seen: unknown[] = []
  const fits = (answer: unknown) => seen.push(answer) === 0
  expect(await two.cache.find('k', [TARGET], fits)).toBeUndefined()
  expect(seen).toEqual([JSON.parse(ANSWER.json)])
  expect(await two.cache.find('k', [TARGET], FITS)).toEqual(ANSWER)
})

describe('the name of a question', () => {
  const question: AnswerQuestion = {
    tenant: TenantId.parse('acme'),
    magicType: 'titled',
    promptVersion: 1,
    format: { name: 'titled', schema: z.object({ title: z.string() }) },
    input: { content: 'a secret', params: {} },
    suggestion: 0,
  }

  test('is the same for the same question, and tells nothing of it', () => {
    expect(answerKey({ ...question })).toBe(answerKey(question))
    expect(answerKey(question)).toMatch(/^[\w-]{43}$/)
  })

  test.each<[string, Partial<AnswerQuestion>]>([
    ['tenant', { tenant: TenantId.parse('other') }],
    ['magicType', { magicType: 'other' }],
    ['version of the prompt', { promptVersion: 2 }],
    ['schema', { format: { name: 'titled', schema: z.object({ title: z.number() }) } }],
    ['bound that no provider is told', { format: { name: 'titled', schema: z.object({ title: z.string().max(30) }) } }],
    ['content', { input: { content: 'another', params: {} } }],
    ['parameter', { input: { content: 'a secret', params: { tone: 'dry' } } }],
    ['suggestion', { suggestion: 1 }],
  ])('is another for another %s', (_, more) => {
    expect(answerKey({ ...question, ...more })).not.toBe(answerKey(question))
  })
})
