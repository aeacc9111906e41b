import type { Candidate, Queue, Route, TargetName } from '@magictask/domain'
import type { Target } from '../../src/target.ts'

/** A target that nobody asks: for what is decided before a call. */
export function targetNamed(name: TargetName, more: Partial<Target> = {}): Target {
  const [provider = '', model = ''] = name.split('/')
  return {
    name,
    provider,
    model,
    capabilities: { structured: ['text'], vision: false, streaming: false },
    fingerprint: '',
    ask: () => Promise.reject(new Error('nobody asks it')),
    ...more,
  }
}

/** A candidate of a route, of the priority that its place says. */
export function candidateOf(target: TargetName, priority: number, maxWorkers?: number): Candidate {
  const { provider, model } = targetNamed(target)
  return { target, provider, model, priority, weight: 1, ...(maxWorkers === undefined ? {} : { maxWorkers }) }
}

/** A route by priority. */
export function routeOf(queue: Queue, ...candidates: readonly Candidate[]): Route {
  return { queue, strategy: 'priority', balance: 'weighted-round-robin', candidates }
}
