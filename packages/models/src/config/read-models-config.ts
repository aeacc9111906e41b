import { existsSync, readFileSync } from 'node:fs'
import { ConfigError, type Environment } from '@magictask/runtime'
import type { z } from 'zod'
import type { Price } from '../target.ts'
import { readKey } from './api-keys.ts'
import { BUILT_IN } from './built-in.ts'
import { contradictions } from './contradictions.ts'
import { duplicateKeys } from './duplicate-keys.ts'
import { fromEnvironment, type Said } from './from-environment.ts'
import { isTree, layered, type Tree } from './layers.ts'
import { type Mistake, mistakesIn, pointer } from './mistakes.ts'
import type { ModelsConfig, ProviderConfig } from './models-config.ts'
import { ModelsFile } from './models-file.ts'
import { readablePart } from './readable-part.ts'
import { defined, offlineProvider, resolvedPrice, resolvedProvider } from './resolved-provider.ts'
import { resolvedRoutes } from './resolved-routes.ts'

/** What is read when the environment names no other file; it need not be there. */
export const CONFIG_FILE = 'magictask.config.json'

/**
 * Reads the models' configuration: what is built in, under the file that `MAGICTASK_CONFIG` names (`magictask.config.json`
 * in the working directory where it names none), under the environment. Throws one `ConfigError` that names every
 * mistake by its path in the file and shows no value. `magicTypes`: those that may have a limit; any, when left out.
 */
export function readModelsConfig(env: Environment, magicTypes?: readonly string[]): ModelsConfig {
  const { whole, file, said } = readWhole(env, magicTypes)
  const { providers, ...keys } = withOffline(usableProviders(whole, env), layered(file.tree, said.tree), env)
  const mistakes = [...file.mistakes, ...contradictions(whole, magicTypes), ...keys.mistakes]
  if (mistakes.length > 0) return refuse(file.name, mistakes, said.said)

  const routes = resolvedRoutes(whole, providers)
  if (routes.mistakes.length > 0) return refuse(file.name, routes.mistakes, said.said)
  const { concurrency, ...limits } = whole.limits
  return {
    providers,
    routes: routes.routes,
    limits: {
      ...(concurrency === undefined ? {} : { concurrency }),
      providers: new Map(Object.entries(limits.providers).map(([name, one]) => [name, defined(one)])),
      magicTypes: new Map(Object.entries(limits.magicTypes)),
    },
  }
}

/**
 * The price of a provider's embedding model by the same file and environment; undefined where nobody says it. For a process that
 * embeds and asks no models: keys need not be there. Throws as `readModelsConfig` does where something does not fit its description.
 */
export function readEmbeddingPrice(env: Environment, provider: string, model: string): Price | undefined {
  const { providers } = readWhole(env).whole
  const models = new Map(Object.entries(providers[provider]?.embeddingModels ?? {}))
  const price = models.get(model)?.price
  return price === undefined ? undefined : resolvedPrice({ ...price, outputUsd: 0 })
}

interface WholeRead {
  readonly whole: ModelsFile
  readonly file: FileRead
  readonly said: ReturnType<typeof fromEnvironment>
}

/** What is built in, under the file, under the environment. */
function readWhole(env: Environment, magicTypes?: readonly string[]): WholeRead {
  const file = readTree(env)
  const said = fromEnvironment(env)
  const tree = layered(layered(BUILT_IN, file.tree), said.tree)
  const read = ModelsFile.safeParse(tree)
  if (read.success) return { whole: read.data, file, said }
  return refuse(file.name, [...file.mistakes, ...allMistakes(tree, read.error, magicTypes)], said.said)
}

/** What does not fit the description, and what contradicts itself in the rest. */
function allMistakes(whole: Tree, error: z.ZodError, magicTypes: readonly string[] | undefined): readonly Mistake[] {
  const unfit = mistakesIn(error)
  const rest = readablePart(whole)
  const others = rest === undefined ? [] : contradictions(rest, magicTypes)
  return [...unfit, ...others.filter(({ path }) => !unfit.some((mistake) => mistake.path === path))]
}

interface FileRead {
  readonly name: string
  readonly tree: Tree
  readonly mistakes: readonly Mistake[]
}

function readTree(env: Environment): FileRead {
  const name = env.MAGICTASK_CONFIG || CONFIG_FILE
  if (!env.MAGICTASK_CONFIG && !existsSync(name)) return { name, tree: {}, mistakes: [] }
  const text = readText(name)
  try {
    const tree: unknown = JSON.parse(text)
    if (!isTree(tree)) return refuse(name, [{ path: '', message: 'has to be a JSON object' }], [])
    const twice = duplicateKeys(text).map((path) => ({ path, message: 'is there twice' }))
    return { name, tree, mistakes: twice }
  } catch (error) {
    if (error instanceof ConfigError) throw error
    return refuse(name, [{ path: '', message: 'is not JSON' }], [])
  }
}

function readText(name: string): string {
  try {
    return readFileSync(name, 'utf8')
  } catch {
    return refuse(name, [{ path: '', message: 'cannot be read' }], [])
  }
}

interface Usable {
  readonly providers: ReadonlyMap<string, ProviderConfig>
  readonly mistakes: readonly Mistake[]
}

/** A provider whose key is named and is not there is left out; one that names no key needs none. */
function usableProviders({ providers }: ModelsFile, env: Environment): Usable {
  const mistakes: Mistake[] = []
  const usable = new Map<string, ProviderConfig>()
  for (const [name, entry] of Object.entries(providers)) {
    const read = readKey(entry, env)
    if (read === 'none') continue
    if ('unusable' in read) mistakes.push({ path: pointer(['providers', name]), message: read.unusable })
    else usable.set(name, resolvedProvider(name, entry, read.key))
  }
  return { providers: usable, mistakes }
}

/** Offline answers where nothing was configured: it never stands in, silently, for a server that was. */
function withOffline(usable: Usable, said: Tree, env: Environment): Usable {
  const { providers, mistakes } = usable
  const address = env.OPENAI_BASE_URL
  if (address !== undefined && address !== '' && !providers.has('openai')) {
    const message = 'is set, but OPENAI_API_KEY is not (any text will do for a server without keys)'
    return { providers, mistakes: [...mistakes, { path: '/providers/openai/baseUrl', message }] }
  }
  if (providers.size > 0 || mistakes.length > 0) return usable
  if (said.routes === undefined && !namesAddress(said.providers)) {
    return { providers: new Map([['offline', offlineProvider()]]), mistakes }
  }
  const message = 'no key of any provider is there: set the variable that keyVariable names, or OPENAI_API_KEY'
  return { providers, mistakes: [{ path: '/providers', message }] }
}

function namesAddress(providers: unknown): boolean {
  return isTree(providers) && Object.values(providers).some((entry) => isTree(entry) && 'baseUrl' in entry)
}

function refuse(file: string, mistakes: readonly Mistake[], said: readonly Said[]): never {
  const lines = mistakes.map(({ path, message }) => {
    const by = said.find((one) => path === pointer(one.path) || path.startsWith(`${pointer(one.path)}/`))
    return `  ${by === undefined ? '' : `${by.variable}: `}${path === '' ? 'the file' : path}: ${message}`
  })
  throw new ConfigError([`The configuration of models is not usable (${file}):`, ...new Set(lines)].join('\n'))
}
