import type { Candidate, Route } from '@magictask/domain'
import type { ModelLimits, Targets } from '@magictask/models'
import type { QueueRoutes } from '@magictask/store'

/** Who may answer each queue here, by priority, and how many of its tasks at once: for whoever releases tasks, and whoever asks who would answer. */
export function queueRoutes({ routes, limits, targets }: Targets): QueueRoutes {
  const rowsOf = ({ candidates }: Route) =>
    candidates
      .toSorted((one, other) => one.priority - other.priority)
      .filter(({ target }) => targets.has(target))
      .map((candidate) => ({ target: candidate.target, most: mostOf(candidate, limits) ?? null }))
  return Object.fromEntries([...routes].map(([queue, route]) => [queue, rowsOf(route)]))
}

function mostOf({ provider, maxWorkers }: Candidate, limits: ModelLimits): number | undefined {
  const caps = [maxWorkers, limits.providers.get(provider)?.concurrency, limits.concurrency]
  const known = caps.filter((cap) => cap !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
