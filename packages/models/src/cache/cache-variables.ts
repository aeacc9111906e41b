import { duration, wholeNumber } from '@magictask/runtime'
import { z } from 'zod'

const HOUR_MS = 3_600_000
const MIB = 1024 * 1024

/** The variables that say where answers are found again; part of a process's configuration. */
export const CacheVariables = z.object({
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'has to be a redis or rediss address' }).optional(),
  LLM_CACHE_TTL: duration({ minMs: 1_000, maxMs: 30 * 24 * HOUR_MS }).prefault('3600s'),
  LLM_CACHE_MEMORY: wholeNumber({ min: 0, max: 65_536 }).prefault('64'),
})

/** What of a cache the configuration says. `LLM_CACHE_MEMORY` is in MiB. */
export function cacheSettings(variables: z.infer<typeof CacheVariables>) {
  const { REDIS_URL: redisUrl, LLM_CACHE_TTL: ttlMs, LLM_CACHE_MEMORY: mebibytes } = variables
  return { ttlMs, memoryBytes: mebibytes * MIB, ...(redisUrl === undefined ? {} : { redisUrl }) }
}
