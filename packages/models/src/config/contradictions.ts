import { type Mistake, pointer } from './mistakes.ts'
import type { ModelsFile, ProviderEntry } from './models-file.ts'
import { modelNames, resolvedModel } from './resolved-provider.ts'

/** What each part of a file allows and another part of it does not. */
export function contradictions(file: ModelsFile): readonly Mistake[] {
  return [...inProviders(file), ...inLimits(file), ...inRoutes(file)]
}

function inProviders({ providers }: ModelsFile): readonly Mistake[] {
  return Object.entries(providers).flatMap(([name, entry]) => {
    const wrong: Mistake[] = []
    const at = ['providers', name]
    if (entry.kind === 'openai-compatible' && entry.baseUrl === undefined)
      wrong.push({ path: pointer([...at, 'baseUrl']), message: 'is missing: where is the server?' })
    if (modelNames(entry).length === 0)
      wrong.push({ path: pointer([...at, 'model']), message: 'is missing: name a model here, or some in models' })
    return [...wrong, ...inModels(entry, at)]
  })
}

/** A value that a model cannot take would be refused at every call, or dropped: neither is to happen. */
function inModels(entry: ProviderEntry, at: readonly string[]): readonly Mistake[] {
  return Object.keys(entry.models).flatMap((name) => {
    const { quirks, parameters, contextTokens } = resolvedModel(name, entry)
    const wrong: Mistake[] = []
    const path = (field: string) => pointer([...at, 'models', name, 'parameters', field])
    const { temperature, maxOutputTokens } = parameters
    const range = quirks.temperature
    if (temperature !== undefined && range === 'fixed')
      wrong.push({ path: path('temperature'), message: 'this model takes no temperature' })
    else if (temperature !== undefined && range !== 'fixed' && (temperature < range.min || temperature > range.max))
      wrong.push({ path: path('temperature'), message: `this model takes ${range.min} to ${range.max}` })
    if (maxOutputTokens !== undefined && contextTokens !== undefined && maxOutputTokens > contextTokens)
      wrong.push({ path: path('maxOutputTokens'), message: 'is more than the model takes in all' })
    return wrong
  })
}

function inLimits({ limits, providers }: ModelsFile): readonly Mistake[] {
  return Object.keys(limits.providers)
    .filter((name) => !Object.hasOwn(providers, name))
    .map((name) => ({ path: pointer(['limits', 'providers', name]), message: 'there is no provider of this name' }))
}

function inRoutes({ routes, providers }: ModelsFile): readonly Mistake[] {
  return Object.entries(routes).flatMap(([queue, route]) => {
    const seen = new Set<string>()
    return route.candidates.flatMap((candidate, at): readonly Mistake[] => {
      const path = (field: string) => pointer(['routes', queue, 'candidates', at, field])
      const entry = Object.hasOwn(providers, candidate.provider) ? providers[candidate.provider] : undefined
      if (entry === undefined) return [{ path: path('provider'), message: 'there is no provider of this name' }]
      const names = modelNames(entry)
      if (candidate.model !== undefined && !names.includes(candidate.model))
        return [{ path: path('model'), message: `this provider has no model of this name: describe it in its models` }]
      const target = `${candidate.provider}/${candidate.model ?? names[0]}`
      if (seen.has(target)) return [{ path: path('provider'), message: 'is a candidate of this route already' }]
      seen.add(target)
      return []
    })
  })
}
