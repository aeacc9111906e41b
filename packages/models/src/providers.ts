import { type Clock, ConfigError } from '@magictask/runtime'
import { z } from 'zod'
import type { Provider } from './ask.ts'
import { askThrough } from './ask-through.ts'
import { offlineProvider, resolvedProvider } from './config/resolved-provider.ts'
import { openOffline } from './kinds/offline.ts'
import { OPENAI_URL, openCompletions } from './kinds/openai-compatible.ts'

/** The variables that say which provider answers; part of a process's configuration. */
export const ProviderVariables = z.object({
  OPENAI_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'has to be visible characters without blanks')
    .optional(),
  OPENAI_MODEL: z.string().min(1).default('gpt-4o-mini'),
  OPENAI_EMBEDDING_MODEL: z.string().min(1).default('text-embedding-3-small'),
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/, error: 'has to be an http or https address' }).optional(),
})
export type ProviderVariables = z.infer<typeof ProviderVariables>

/** The provider that the configuration asks for: `openai` when there is a key, else `offline`. */
export function openProvider(variables: ProviderVariables, clock: Clock): Provider {
  demandKeyForAddress(variables)
  const { OPENAI_API_KEY: apiKey, OPENAI_MODEL: name, OPENAI_BASE_URL: baseUrl = OPENAI_URL } = variables
  const provider =
    apiKey === undefined
      ? offlineProvider()
      : resolvedProvider('openai', { kind: 'openai-compatible', baseUrl, model: name, models: {} }, apiKey)
  const [model] = provider.models.values()
  if (model === undefined) throw new Error('a provider has a model')
  const send = apiKey === undefined ? openOffline() : openCompletions(provider, model, { clock })
  return { name: provider.name, model: model.name, ask: askThrough({ provider, model, clock, send }) }
}

/** Throws a `ConfigError` for an address without a key: answering offline would silently stand in for the server that was configured. */
export function demandKeyForAddress(variables: Pick<ProviderVariables, 'OPENAI_API_KEY' | 'OPENAI_BASE_URL'>): void {
  if (variables.OPENAI_API_KEY !== undefined || variables.OPENAI_BASE_URL === undefined) return
  throw new ConfigError(
    'The configuration is not usable:\n  OPENAI_BASE_URL: is set, but OPENAI_API_KEY is not (any text will do for a server without keys)',
  )
}
