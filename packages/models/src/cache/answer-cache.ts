import type { TargetName } from '@magictask/domain'
import type { Clock, Log, Telemetry } from '@magictask/runtime'
import { z } from 'zod'
import { targetName } from '../config/models-config.ts'
import type { Target } from '../target.ts'
import { createMemoryLevel, type MemoryLevel } from './memory-level.ts'
import { openRedisLevel, type RedisLevel } from './redis-level.ts'

/** An answer as it was valid when it came. */
export interface KnownAnswer {
  readonly provider: string
  readonly model: string
  /** JSON text. */
  readonly json: string
}

/** Finds answers again: in this process's memory, then in Redis where one is configured. Whatever is wrong with that is a miss. */
export interface AnswerCache extends AsyncDisposable {
  /** The answer to a question of the first of these targets that gave one that fits. Never throws, and waits a tenth of a second at most. */
  find(key: string, targets: readonly TargetName[], fits: Fits): Promise<KnownAnswer | undefined>
  /** Only valid answers are to be kept. Returns at once. */
  keep(key: string, answer: KnownAnswer): void
}

/** Whether an answer that others may have written is one that could be given. */
export type Fits = (answer: unknown) => boolean

export interface CacheOptions {
  /** Who gives answers: what one gave under another configuration is not found. */
  readonly targets: ReadonlyMap<TargetName, Pick<Target, 'fingerprint'>>
  /** How long an answer is kept. */
  readonly ttlMs: number
  /** The bound of the first level, about; 0 leaves it out. */
  readonly memoryBytes: number
  /** Where the second level is; left out, there is none. */
  readonly redisUrl?: string
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

export function openAnswerCache(options: CacheOptions): AnswerCache {
  const { telemetry } = options
  const placeOf = (key: string, target: TargetName) => `${key}:${target}:${options.targets.get(target)?.fingerprint}`
  const memory = createMemoryLevel({
    ...options,
    onEvicted: () => telemetry.record('llm_cache_evictions_total', 1, {}),
  })
  const redis = options.redisUrl === undefined ? undefined : openRedisLevel({ ...options, url: options.redisUrl })
  return {
    async find(key, targets, fits) {
      const places = targets.map((target) => placeOf(key, target))
      const near = firstIn(memory, places)
      if (near !== undefined) {
        telemetry.record('llm_cache_hits_total', 1, { level: 'memory' })
        return near
      }
      const far = redis && (await firstFar({ redis, memory, fits }, places))
      if (far === undefined) telemetry.record('llm_cache_misses_total', 1, {})
      else telemetry.record('llm_cache_hits_total', 1, { level: 'redis' })
      return far
    },
    keep(key, answer) {
      const place = placeOf(key, targetName(answer.provider, answer.model))
      memory.set(place, answer)
      redis?.set(place, JSON.stringify(answer))
    },
    async [Symbol.asyncDispose]() {
      await redis?.[Symbol.asyncDispose]()
    },
  }
}

function firstIn(memory: MemoryLevel, places: readonly string[]): KnownAnswer | undefined {
  for (const place of places) {
    const known = memory.get(place)
    if (known !== undefined) return known
  }
  return undefined
}

async function firstFar(
  { redis, memory, fits }: { readonly redis: RedisLevel; readonly memory: MemoryLevel; readonly fits: Fits },
  places: readonly string[],
): Promise<KnownAnswer | undefined> {
  const texts = await redis.get(places)
  for (const [at, text] of texts.entries()) {
    const known = text === undefined ? undefined : readKnown(text, fits)
    if (known === undefined) continue
    memory.set(places[at] ?? '', known)
    return known
  }
  return undefined
}

/** Others may write there too. */
const Stored = z.object({ provider: z.string(), model: z.string(), json: z.string() })

function readKnown(text: string, fits: Fits): KnownAnswer | undefined {
  try {
    const known = Stored.safeParse(JSON.parse(text)).data
    return known !== undefined && fits(JSON.parse(known.json)) ? known : undefined
  } catch {
    return undefined
  }
}
