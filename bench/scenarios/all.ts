import type { Measured } from '../figures.ts'
import type { Sizes } from '../sizes.ts'
import type { SystemDeps } from '../system.ts'
import { measureFairShares } from './fair-shares.ts'
import { measureFewAtATime } from './few-at-a-time.ts'
import { measureLimits } from './limits.ts'
import { measureLongBacklog } from './long-backlog.ts'
import { measureMemory } from './memory.ts'
import { measureNoLatency } from './no-latency.ts'
import { measureOneCall } from './one-call.ts'
import { measureWithLatency } from './with-latency.ts'

/** What is measured together, by the name that `--only` takes. */
export const SCENARIOS: ReadonlyMap<string, (deps: SystemDeps, sizes: Sizes) => Promise<Measured>> = new Map([
  ['no-latency', measureNoLatency],
  ['with-latency', measureWithLatency],
  ['few-at-a-time', measureFewAtATime],
  ['one-call', measureOneCall],
  ['limits', measureLimits],
  ['fair-shares', measureFairShares],
  ['long-backlog', measureLongBacklog],
  ['memory', measureMemory],
])
