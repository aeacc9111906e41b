import { type Candidate, QUEUES, type Queue, type Route } from '@magictask/domain'
import { DEFAULT_CANDIDATES } from './built-in.ts'
import { type Mistake, pointer } from './mistakes.ts'
import { CHOICE, type ProviderConfig, targetName } from './models-config.ts'
import type { ModelsFile, RouteEntry } from './models-file.ts'

type CandidateEntry = RouteEntry['candidates'][number]
type Providers = ReadonlyMap<string, ProviderConfig>

/**
 * A route for every queue, of candidates whose key is there: those that the file names; else those that are the
 * queue's by default; else whatever is configured. A route that the file names and that has none left is a mistake.
 */
export function resolvedRoutes(
  { routes }: ModelsFile,
  providers: Providers,
): { readonly routes: ReadonlyMap<Queue, Route>; readonly mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = []
  const resolved = QUEUES.map((queue): readonly [Queue, Route] => {
    const named = routes[queue]
    const candidates = named === undefined ? defaultCandidates(queue, providers) : ready(named.candidates, providers)
    if (named !== undefined && candidates.length === 0)
      mistakes.push({ path: pointer(['routes', queue]), message: 'no key of any of its candidates is there' })
    const { strategy, balance } = named ?? CHOICE
    return [queue, { queue, strategy, balance, candidates }]
  })
  return { routes: new Map(resolved), mistakes }
}

function ready(entries: readonly CandidateEntry[], providers: Providers): readonly Candidate[] {
  return entries.flatMap((entry, at) => {
    const provider = providers.get(entry.provider)
    const model = entry.model ?? defaultModel(provider)
    if (provider === undefined || model === undefined) return []
    const { maxWorkers, priority = at, weight = 1 } = entry
    const target = targetName(provider.name, model)
    const limit = maxWorkers === undefined ? {} : { maxWorkers }
    return [{ target, provider: provider.name, model, priority, weight, ...limit }]
  })
}

function defaultCandidates(queue: Queue, providers: Providers): readonly Candidate[] {
  const own = ready(DEFAULT_CANDIDATES[queue], providers)
  if (own.length > 0) return own
  const sees = queue.startsWith('vision.')
  const able = [...providers.values()].flatMap((provider) => {
    const models = [...provider.models.values()].filter(({ capabilities }) => !sees || capabilities.vision)
    const [model] = models
    return model === undefined ? [] : [{ provider: provider.name, model: model.name }]
  })
  return ready(able, providers)
}

function defaultModel(provider: ProviderConfig | undefined): string | undefined {
  return provider?.models.keys().next().value
}
