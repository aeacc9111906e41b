import { newCallId, systemClock } from '@magictask/runtime'
import { PROVIDER_WIRES, type ProviderServer, type ProviderWire, startProviderServer } from '@magictask/testkit'
import { z } from 'zod'
import { type Answer, contentBlock, openTargets, readModelsConfig, type Target } from '../../src/index.ts'

/** A provider under test: the real one where its key is there, else one that imitates it. */
export interface Subject extends AsyncDisposable {
  readonly provider: string
  /** How long it asks to wait when it is asked too often. */
  readonly waitMs: number | undefined
  /** Undefined for the real one: it cannot be told what to do. */
  readonly server: ProviderServer | undefined
  /** Its default model, with values of the configuration file above what is built in. */
  open(overrides?: Overrides): Promise<Target>
}

/** What a test changes of the provider's entry; `model` of its default model's. */
export interface Overrides {
  readonly model?: object
  readonly provider?: object
  readonly key?: string
}

/** The answer that every question here asks for. */
export const Title = z.object({ title: z.string().min(1), sentiment: z.enum(['positive', 'neutral', 'negative']) })
const FORMAT = { name: 'titled', schema: Title }

/** Every built-in provider, imitated; or only those of some names. */
export async function imitations(only?: readonly string[]): Promise<readonly Subject[]> {
  const wires = PROVIDER_WIRES.filter(({ provider }) => only?.includes(provider) ?? true)
  return Promise.all(wires.map(imitation))
}

async function imitation(wire: ProviderWire): Promise<Subject> {
  const server = await startProviderServer(wire)
  const { provider, waitMs } = wire
  return {
    provider,
    waitMs,
    server,
    open: (overrides = {}) =>
      openOne(provider, { key: 'k', ...overrides, provider: { baseUrl: server.baseUrl, ...overrides.provider } }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** The real service behind a key. */
export function real(wire: ProviderWire, key: string): Subject {
  return {
    provider: wire.provider,
    waitMs: wire.waitMs,
    server: undefined,
    open: (overrides = {}) => openOne(wire.provider, { key, ...overrides }),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

async function openOne(name: string, { key = '', provider = {}, model = {} }: Overrides): Promise<Target> {
  const builtIn = readModelsConfig({ [keyVariable(name)]: key }).providers.get(name)
  const defaultModel = builtIn?.models.keys().next().value ?? ''
  const config = readModelsConfig({
    [keyVariable(name)]: key,
    MAGICTASK__providers: JSON.stringify({ [name]: { ...provider, models: { [defaultModel]: model } } }),
    MAGICTASK__routes: JSON.stringify({ 'text.free': { candidates: [{ provider: name }] } }),
  })
  const { targets, routes } = await openTargets(config, { clock: systemClock })
  const target = routes.get('text.free')?.candidates.map((candidate) => targets.get(candidate.target))[0]
  if (target === undefined) throw new Error(`nobody answers for ${name}`)
  return target
}

/** The variable that holds a built-in provider's key. */
export function keyVariable(provider: string): string {
  return { qwen: 'DASHSCOPE_API_KEY' }[provider] ?? `${provider.toUpperCase()}_API_KEY`
}

const INSTRUCTIONS = 'Give the content a short title, and say how it feels to its reader (sentiment).'

/** Asks for a title of this content. */
export function askTitle(target: Target, content: string, more: Partial<Asking> = {}): Promise<Answer> {
  const { signal = new AbortController().signal, onText } = more
  const messages = [
    { role: 'system', text: INSTRUCTIONS },
    { role: 'user', text: contentBlock(content) },
  ] as const
  const request = { callId: newCallId(), messages, format: FORMAT, suggestion: 0 }
  return target.ask(onText === undefined ? request : { ...request, onText }, signal)
}

interface Asking {
  readonly signal: AbortSignal
  readonly onText: (delta: string) => void
}
