import { type CallQueue, EMBEDDINGS, type Route, type TargetName } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import { askThrough } from './ask-through.ts'
import { targetFingerprint } from './cache/target-fingerprint.ts'
import {
  CHOICE,
  type EmbeddingsConfig,
  type ModelConfig,
  type ModelLimits,
  type ModelsConfig,
  type ProviderConfig,
  targetName,
} from './config/models-config.ts'
import { openOffline } from './kinds/offline.ts'
import { openCompletions } from './kinds/openai-compatible.ts'
import { openEmbeddings } from './open-embeddings.ts'
import type { Send, SendDeps } from './send.ts'
import type { Target } from './target.ts'

/** Everything that can be asked here, and by which rules. */
export interface Targets {
  /** Those that a route names; each of them has its key. */
  readonly targets: ReadonlyMap<TargetName, Target>
  /** One for every queue; one whose queue nobody can answer has no candidates. One for embeddings only where somebody is asked for them. */
  readonly routes: ReadonlyMap<CallQueue, Route>
  readonly limits: ModelLimits
}

/** Opens every model that a route names. Nothing is sent; the libraries of a kind are loaded only where it is configured. */
export async function openTargets(config: ModelsConfig, deps: { readonly clock: Clock }): Promise<Targets> {
  const { routes, limits, providers, embeddings } = config
  const targets = new Map<TargetName, Target>()
  for (const { provider: name, model: modelName, target } of [...routes.values()].flatMap(
    (route) => route.candidates,
  )) {
    const provider = providers.get(name)
    const model = provider?.models.get(modelName)
    if (provider === undefined || model === undefined || targets.has(target)) continue
    targets.set(
      target,
      targetOf(provider, model, { ...deps, send: await OPENERS[provider.kind](provider, model, deps) }),
    )
  }
  if (embeddings === undefined) return { targets, routes, limits }
  const target = embeddingTarget(embeddings, targets, deps.clock)
  return {
    targets: new Map([...targets, [target.name, target]]),
    routes: new Map([...routes, [EMBEDDINGS, routeTo(target)]]),
    limits,
  }
}

/** Some servers have one model of one name for everything. */
function embeddingTarget(config: EmbeddingsConfig, others: Targets['targets'], clock: Clock): Target {
  const target = openEmbeddings(config, clock)
  return others.has(target.name) ? openEmbeddings(config, clock, `${config.model}:${EMBEDDINGS}`) : target
}

function routeTo({ name, provider, model }: Target): Route {
  return { queue: EMBEDDINGS, ...CHOICE, candidates: [{ target: name, provider, model, priority: 0, weight: 1 }] }
}

/** How each kind of provider is opened: a new kind is a file in `kinds/` and a line here. */
const OPENERS: Readonly<
  Record<ProviderConfig['kind'], (provider: ProviderConfig, model: ModelConfig, deps: SendDeps) => Send | Promise<Send>>
> = {
  'openai-compatible': openCompletions,
  anthropic: async (...parts) => (await import('./kinds/anthropic.ts')).openAnthropic(...parts),
  google: async (...parts) => (await import('./kinds/google.ts')).openGoogle(...parts),
  offline: openOffline,
}

function targetOf(provider: ProviderConfig, model: ModelConfig, deps: { clock: Clock; send: Send }): Target {
  const { capabilities, contextTokens, price, quality } = model
  return {
    name: targetName(provider.name, model.name),
    provider: provider.name,
    model: model.name,
    capabilities,
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(price === undefined ? {} : { price }),
    ...(quality === undefined ? {} : { quality }),
    fingerprint: targetFingerprint(provider, model),
    ask: askThrough({ provider, model, ...deps }),
  }
}
