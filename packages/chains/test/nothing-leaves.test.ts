import { createServer } from 'node:http'
import { openTargets, readModelsConfig } from '@magictask/models'
import { newCallId, systemClock } from '@magictask/runtime'
import { startModelServer } from '@magictask/testkit'
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
  for (const name of ['LANGSMITH_ENDPOINT', 'LANGCHAIN_ENDPOINT', 'LANGSMITH_GATEWAY', 'OPENAI_BASE_URL'])
    vi.stubEnv(name, url)
  vi.stubEnv('LANGSMITH_API_KEY', 'key')
  vi.stubEnv('OPENAI_LOG', 'debug')
  const printed = (['log', 'debug', 'info', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level))

  const never = new AbortController().signal
  await using server = await startModelServer()
  const environments = [{ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: server.baseUrl }, {}]
  const opened = await Promise.all(
    environments.map((env) => openTargets(readModelsConfig(env), { clock: systemClock })),
  )
  for (const { ask } of opened.flatMap(({ targets }) => [...targets.values()])) {
    for (const { prompt, format, sample } of CHAINS.values()) {
      const messages = await prompt({ content: sample.content, params: {} })
      const answer = await ask({ callId: newCallId(), messages, format, suggestion: 0 }, never)
      expect(answer.kind).toBe('answered')
    }
  }
  // LangSmith's client sends what it has gathered within a second.
  await new Promise((resolve) => setTimeout(resolve, 1_500))

  expect(seen).toEqual([])
  expect(printed.flatMap((spy) => spy.mock.calls)).toEqual([])
  await new Promise((resolve) => elsewhere.close(resolve))
})
