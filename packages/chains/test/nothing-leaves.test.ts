import { createServer } from 'node:http'
import { type Ask, openTargets, readModelsConfig } from '@magictask/models'
import { newCallId, systemClock } from '@magictask/runtime'
import { PROVIDER_WIRES, type ProviderServer, startModelServer, startProviderServer } from '@magictask/testkit'
import { afterEach, expect, test, vi } from 'vitest'
import { CHAINS } from '../src/index.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

test('no environment variable makes a prompt go to LangSmith or to the log', async () => {
  const seen: string[] = []
  const elsewhere = createServer((incoming, response) => {
    seen.push(incoming.url ?? '')
    response.end('{}')
  })
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
  const address = elsewhere.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  for (const name of ['LANGSMITH_TRACING', 'LANGSMITH_TRACING_V2', 'LANGCHAIN_TRACING_V2', 'LANGCHAIN_VERBOSE'])
    vi.stubEnv(name, 'true')
  for (const name of [
    'LANGSMITH_ENDPOINT',
    'LANGCHAIN_ENDPOINT',
    'LANGSMITH_GATEWAY',
    'OPENAI_BASE_URL',
    'ANTHROPIC_BASE_URL',
  ])
    vi.stubEnv(name, url)
  vi.stubEnv('LANGSMITH_API_KEY', 'key')
  vi.stubEnv('OPENAI_LOG', 'debug')
  vi.stubEnv('ANTHROPIC_LOG', 'debug')
  const printed = (['log', 'debug', 'info', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level))

  const never = new AbortController().signal
  await using server = await startModelServer()
  await using servers = new AsyncDisposableStack()
  const imitations = new Map<string, ProviderServer>()
  for (const wire of PROVIDER_WIRES) imitations.set(wire.provider, servers.use(await startProviderServer(wire)))
  const offline = await open({})
  const others = [
    await open({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: server.baseUrl }),
    await open({
      ANTHROPIC_API_KEY: 'k',
      MAGICTASK__providers__anthropic__baseUrl: addressOf(imitations, 'anthropic'),
    }),
    await open({ GOOGLE_API_KEY: 'k', MAGICTASK__providers__google__baseUrl: addressOf(imitations, 'google') }),
  ]
  for (const { prompt, format, sample } of CHAINS.values()) {
    const messages = await prompt({ content: sample.content, params: {} })
    const request = { callId: newCallId(), messages, format, suggestion: 0 }
    const answer = await offline(request, never)
    expect(answer.kind).toBe('answered')
    const text = answer.kind === 'answered' ? answer.json : ''
    for (const imitation of imitations.values()) imitation.setScript({ kind: 'answer', text })
    for (const ask of others) expect(await ask(request, never)).toMatchObject({ kind: 'answered' })
  }
  // LangSmith's client sends what it has gathered within a second.
  await new Promise((resolve) => setTimeout(resolve, 1_500))

  expect(seen).toEqual([])
  expect(printed.flatMap((spy) => spy.mock.calls)).toEqual([])
  await new Promise((resolve) => elsewhere.close(resolve))
})

async function open(env: Record<string, string>): Promise<Ask> {
  const { targets } = await openTargets(readModelsConfig(env), { clock: systemClock })
  const [target] = targets.values()
  if (target === undefined) throw new Error('this environment leaves nobody to answer')
  return target.ask
}

function addressOf(imitations: ReadonlyMap<string, ProviderServer>, provider: string): string {
  return imitations.get(provider)?.baseUrl ?? ''
}
