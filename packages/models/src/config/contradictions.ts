import { CAPABILITY_OF, KIND_ABILITIES } from './kind-abilities.ts'
import { isTree, type Tree } from './layers.ts'
import { type Mistake, pointer } from './mistakes.ts'
import type { ModelEntry, ModelsFile, ProviderEntry } from './models-file.ts'
import { modelNames, resolvedModel } from './resolved-provider.ts'

/** What each part of a file allows and another part of it, or the magicTypes that there are, do not. */
export function contradictions(file: ModelsFile, magicTypes: readonly string[] | undefined): readonly Mistake[] {
  return [...inProviders(file), ...inLimits(file), ...inTypes(file, magicTypes), ...inRoutes(file)]
}

function inTypes({ limits }: ModelsFile, magicTypes: readonly string[] | undefined): readonly Mistake[] {
  return Object.keys(limits.magicTypes)
    .filter((name) => magicTypes?.includes(name) === false)
    .map((name) => ({ path: pointer(['limits', 'magicTypes', name]), message: `is none of ${magicTypes?.join(', ')}` }))
}

function inProviders({ providers }: ModelsFile): readonly Mistake[] {
  return Object.entries(providers).flatMap(([name, entry]) => {
    const wrong: Mistake[] = []
    const at = ['providers', name]
    if (entry.kind === 'openai-compatible' && entry.baseUrl === undefined)
      wrong.push({ path: pointer([...at, 'baseUrl']), message: 'is missing: where is the server?' })
    if (modelNames(entry).length === 0)
      wrong.push({ path: pointer([...at, 'model']), message: 'is missing: name a model here, or some in models' })
    return [...wrong, ...ofKind(entry, entry.kind, at), ...inModels(entry, at)]
  })
}

/** What a kind of provider is not asked for, or what a request of it says itself: it would be dropped, or replace what is ours. */
function ofKind(
  { capabilities, quirks }: Pick<ModelEntry, 'capabilities' | 'quirks'>,
  kind: ProviderEntry['kind'],
  at: readonly string[],
): readonly Mistake[] {
  const { ways, ownFields } = KIND_ABILITIES[kind]
  const unknown = Object.entries(CAPABILITY_OF)
    .filter(([way, capability]) => !(way in ways) && capabilities?.[capability] === true)
    .map(([, capability]) => ({
      path: pointer([...at, 'capabilities', capability]),
      message: `a provider of kind ${kind} is not asked for answers in this way`,
    }))
  const taken = ownFields
    .filter((field) => says(quirks?.extraBody ?? {}, field))
    .map((field) => ({ path: pointer([...at, 'quirks', 'extraBody', ...field]), message: OWN_FIELD }))
  return [...unknown, ...taken]
}

const OWN_FIELD = 'is said by the request itself: look at parameters and capabilities'

function says(body: Tree, [step = '', ...rest]: readonly string[]): boolean {
  if (!Object.hasOwn(body, step)) return false
  const inside = body[step]
  return rest.length === 0 || !isTree(inside) || says(inside, rest)
}

/** A value that a model cannot take would be refused at every call, or dropped: neither is to happen. */
function inModels(entry: ProviderEntry, at: readonly string[]): readonly Mistake[] {
  return Object.entries(entry.models).flatMap(([name, own]) => {
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
    return [...wrong, ...ofKind(own, entry.kind, [...at, 'models', name])]
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
