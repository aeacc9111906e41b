import { setTimeout as delay } from 'node:timers/promises'
import { createTelemetry, type Log, noLog, systemClock } from '@magictask/runtime'
import { describe, expect, test } from 'vitest'
import { type AnswerCache, type CacheOptions, openAnswerCache } from '../src/index.ts'

export const ANSWER = { provider: 'one', model: 'org/m', json: '{"title":"買一送一 \\u0000"}' }
export const TARGET = 'one/org/m'
/** Whether an answer is what was asked for is not what most of these ask. */
export const FITS = () => true
const TARGETS = new Map([[TARGET, { fingerprint: 'f' }]] as const)
const MIB = 1024 * 1024

/** A cache of its own, and what it counted. */
export function openCache(more: Partial<CacheOptions> = {}) {
  const telemetry = createTelemetry({ processMetrics: false })
  const log: Log = more.log ?? noLog
  const cache = openAnswerCache({
    targets: TARGETS,
    ttlMs: 60_000,
    memoryBytes: MIB,
    clock: systemClock,
    telemetry,
    ...more,
    log,
  })
  const count = async (name: string, labels = '') => {
    const { text } = await telemetry.exposition()
    const line = text.split('\n').find((each) => each.startsWith(`${name}${labels}`) && !each.startsWith('#'))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  return { cache, count, [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose]() }
}

/** Looks until it is found: another process's write takes a moment, and so does a connection. */
export async function findSoon(cache: AnswerCache, key: string) {
  for (let tries = 0; tries < 200; tries++) {
    const found = await cache.find(key, [TARGET], FITS)
    if (found !== undefined) return found
    await delay(20)
  }
  return undefined
}

/** Keeps an answer as soon as there is a connection: what is kept before goes nowhere. */
export async function keepSoon(cache: AnswerCache, other: AnswerCache, key: string) {
  for (let tries = 0; tries < 200; tries++) {
    cache.keep(key, ANSWER)
    await delay(20)
    if ((await other.find(key, [TARGET], FITS)) !== undefined) return
  }
}

/** What every Redis, real or not, has to do for the second level. */
export function secondLevelContract(
  name: string,
  open: () => Promise<{ readonly url: string } & AsyncDisposable>,
): void {
  describe(`the second level in ${name}`, () => {
    test('what one process keeps another finds, to the last character', async () => {
      await using redis = await open()
      const key = crypto.randomUUID()
      await using one = openCache({ redisUrl: redis.url })
      await using two = openCache({ redisUrl: redis.url })
      await keepSoon(one.cache, two.cache, key)
      expect(await two.cache.find(key, [TARGET], FITS)).toEqual(ANSWER)
      expect(await two.count('llm_cache_hits_total', '{level="redis"}')).toBe(1)
      expect(await two.count('llm_cache_hits_total', '{level="memory"}')).toBe(1)
      expect(await two.cache.find(key, ['two/m'], FITS)).toBeUndefined()
      expect(await two.cache.find(crypto.randomUUID(), [TARGET], FITS)).toBeUndefined()
    })

    test('what a model answered under another configuration is not found', async () => {
      await using redis = await open()
      const key = crypto.randomUUID()
      await using one = openCache({ redisUrl: redis.url })
      await using two = openCache({ redisUrl: redis.url })
      const targets = new Map([[TARGET, { fingerprint: 'another' }]] as const)
      await using other = openCache({ redisUrl: redis.url, targets })
      await keepSoon(one.cache, two.cache, key)
      await keepSoon(other.cache, other.cache, 'any')
      expect(await other.cache.find(key, [TARGET], FITS)).toBeUndefined()
    })

    test('nothing is found after its time', async () => {
      await using redis = await open()
      const key = crypto.randomUUID()
      await using one = openCache({ redisUrl: redis.url, ttlMs: 300 })
      await using two = openCache({ redisUrl: redis.url, memoryBytes: 0 })
      await keepSoon(one.cache, two.cache, key)
      while ((await two.cache.find(key, [TARGET], FITS)) !== undefined) await delay(20)
      expect(await one.cache.find(key, [TARGET], FITS)).toBeUndefined()
    })

    test('a large answer comes back whole', async () => {
      await using redis = await open()
      const key = crypto.randomUUID()
      await using one = openCache({ redisUrl: redis.url })
      await using two = openCache({ redisUrl: redis.url })
      await keepSoon(one.cache, two.cache, key)
      const large = { ...ANSWER, json: JSON.stringify({ title: '長'.repeat(100_000) }) }
      one.cache.keep(`${key}-large`, large)
      expect(await findSoon(two.cache, `${key}-large`)).toEqual(large)
    })
  })
}
