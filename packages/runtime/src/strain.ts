import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { type Loop, startLoop } from './loop.ts'

/** When a process is strained, and how fast it takes on less and then more again. */
export const STRAIN = {
  /** The event loop is usually so late, or later. */
  lagMs: 100,
  /** So much of the heap that there may be is in use. */
  heapShare: 0.85,
  /** Of what it takes on, every second while it is strained; and what it never goes below. */
  shrinkTo: 0.7,
  leastShare: 0.1,
  /** Of all that it could take on, every second once it is strained no more. */
  growBy: 0.1,
} as const

/** How a process is at one look. */
export interface Strain {
  /** How late the event loop usually is. */
  readonly lagMs: number
  /** Of the heap that there may be, the part in use. */
  readonly heapShare: number
}

/** The part of its usual work that a process should take on, after one more look. Pure. */
export function shareAfter(share: number, { lagMs, heapShare }: Strain): number {
  const isStrained = lagMs >= STRAIN.lagMs || heapShare >= STRAIN.heapShare
  const next = isStrained ? Math.max(STRAIN.leastShare, share * STRAIN.shrinkTo) : Math.min(1, share + STRAIN.growBy)
  return Math.round(next * 100) / 100
}

interface StrainOptions {
  readonly clock: Clock
  readonly log: Log
  /** Told whenever the part of its usual work changes that this process should take on. */
  readonly onShare: (share: number) => void
  /** This process, when left out. */
  readonly look?: () => Strain
}

/** A look at this process's own resources, once a second. Disposing it stops it. */
export interface StrainWatch extends AsyncDisposable {
  /** What is the matter, in words; undefined while nothing is. */
  says(): string | undefined
  readonly loop: Loop
}

const LOOK_EVERY_MS = 1_000

export function startStrainWatch({ clock, log, onShare, look = lookAtProcess() }: StrainOptions): StrainWatch {
  let share = 1
  let strain: Strain = { lagMs: 0, heapShare: 0 }
  const loop = startLoop({
    name: 'strain',
    clock,
    pauseMs: LOOK_EVERY_MS,
    turn: async () => {
      strain = look()
      const next = shareAfter(share, strain)
      if (next === share) return
      const facts = { share: next, lag_ms: Math.round(strain.lagMs), heap_share: strain.heapShare }
      if (share === 1) log.warn('resources are short: this process takes on less', facts)
      if (next === 1) log.info('resources are there again', facts)
      share = next
      onShare(share)
    },
    onError: (error) => log.warn('the resources could not be looked at', {}, error),
  })
  return {
    says: () => (share === 1 ? undefined : describe(share, strain)),
    loop,
    [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose](),
  }
}

function describe(share: number, { lagMs, heapShare }: Strain): string {
  const percent = (part: number) => `${Math.round(part * 100)} %`
  return `takes on ${percent(share)}: the event loop is ${Math.round(lagMs)} ms late, ${percent(heapShare)} of the heap in use`
}

/** A sample counts the pause between two of them too. */
const SAMPLE_MS = 20
const NS_PER_MS = 1e6
/** Half of the time it is later than this: a single pause, as for a collection, does not count. */
const USUALLY = 50

function lookAtProcess(): () => Strain {
  const delays = monitorEventLoopDelay({ resolution: SAMPLE_MS })
  delays.enable()
  return () => {
    const lagMs = delays.count === 0 ? 0 : Math.max(0, delays.percentile(USUALLY) / NS_PER_MS - SAMPLE_MS)
    delays.reset()
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
    return { lagMs, heapShare: used / limit }
  }
}
