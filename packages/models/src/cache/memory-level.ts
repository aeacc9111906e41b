import type { Clock } from '@magictask/runtime'
import { LRUCache } from 'lru-cache'
import type { KnownAnswer } from './answer-cache.ts'

/** Answers in memory: the least used go when their bytes pass the bound. */
export interface MemoryLevel {
  get(place: string): KnownAnswer | undefined
  set(place: string, answer: KnownAnswer): void
}

interface MemoryOptions {
  readonly ttlMs: number
  readonly memoryBytes: number
  readonly clock: Clock
  /** An answer made room for another. */
  readonly onEvicted: () => void
}

export function createMemoryLevel({ ttlMs, memoryBytes, clock, onEvicted }: MemoryOptions): MemoryLevel {
  if (memoryBytes === 0) return { get: () => undefined, set: () => undefined }
  const entries = new LRUCache<string, KnownAnswer>({
    maxSize: memoryBytes,
    sizeCalculation: bytesOf,
    ttl: ttlMs,
    // Else the library looks at the time once a millisecond of its own.
    ttlResolution: 0,
    perf: { now: () => clock.elapsedMs() },
    dispose: (_answer, _place, why) => {
      if (why === 'evict') onEvicted()
    },
  })
  return {
    get: (place) => entries.get(place),
    set: (place, answer) => void entries.set(place, answer),
  }
}

/** What an entry takes beside its texts: map, list and objects. */
const ENTRY_BYTES = 300
/** A text with a character beyond Latin takes two bytes for each. */
const BYTES_PER_CHARACTER = 2

function bytesOf({ json }: KnownAnswer, place: string): number {
  return ENTRY_BYTES + BYTES_PER_CHARACTER * (json.length + place.length)
}
