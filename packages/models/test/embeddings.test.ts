import { createServer, type RequestListener } from 'node:http'
import { type Clock, createTelemetry, newCallId, noLog, readConfig, systemClock, testClock } from '@magictask/runtime'
import { startModelServer } from '@magictask/testkit'
import { expect, test } from 'vitest'
import {
  EmbedderVariables,
  embeddingsRequest,
  offlineEmbedding,
  openEmbedder,
  openOfflineEmbeddings,
  openTargets,
  readEmbeddings,
  readModelsConfig,
  similarity,
} from '../src/index.ts'
import { openEmbeddings } from '../src/open-embeddings.ts'

const never = new AbortController().signal
const ground = { clock: systemClock, log: noLog, telemetry: createTelemetry({ processMetrics: false }) }
const embedderAt = (baseUrl: string, clock: Clock = systemClock) =>
  openEmbedder({ provider: 'openai', model: 'm', apiKey: 'k', baseUrl }, { ...ground, clock })
const alike = (one: string, other: string) => similarity(offlineEmbedding(one), offlineEmbedding(other))

test('the same text has the same offline embedding, of length 1; one without words has none', async () => {
  const [first, again, blank] = await openOfflineEmbeddings().embed(['保溫杯 bottle', '保溫杯 bottle', ' …'], never)
  expect(first).toEqual(again)
  expect(first === undefined ? 0 : similarity(first, first)).toBeCloseTo(1, 5)
  expect(blank?.every((number) => number === 0)).toBe(true)
})

test('offline, a text is nearest to one that shares its words, whatever their order, number and script', () => {
  expect(alike('無線藍牙耳機', '蓝牙无线耳机')).toBeGreaterThan(alike('無線藍牙耳機', '不鏽鋼保溫杯') + 0.5)
  expect(alike('steel water bottles', 'Bottle for water, steel')).toBeGreaterThan(
    alike('steel water bottles', 'desk lamp') + 0.5,
  )
})

test('many texts are sent in few requests, and come back in their order', async () => {
  await using server = await startModelServer()
  const embedder = embedderAt(server.baseUrl)
  const texts = Array.from({ length: 1_100 }, (_, at) => `text number ${at}`)
  const embeddings = await embedder.embed(texts, never)
  expect(server.embedded().toSorted()).toEqual([512, 512, 76])
  for (const at of [0, 511, 512, 1_099]) {
    const embedding = embeddings[at] ?? new Float32Array()
    expect(similarity(embedding, offlineEmbedding(`text number ${at}`))).toBeCloseTo(1, 4)
  }
  await embedder.embed(
    Array.from({ length: 30 }, () => '長'.repeat(20_000)),
    never,
  )
  expect(server.embedded().slice(3)).toEqual([5, 5, 5, 5, 5, 5])
})

test('what goes wrong is a fault, after one request, and a signal ends it', async () => {
  await using server = await startModelServer()
  const embedder = embedderAt(server.baseUrl)
  for (const [status, code] of [
    [500, 'provider.unavailable'],
    [429, 'provider.rate_limited'],
    [401, 'provider.auth_refused'],
    [404, 'provider.bad_request'],
  ] as const) {
    server.setEmbeddingsStatus(status)
    await expect(embedder.embed(['x'], never)).rejects.toMatchObject({ name: 'Fault', code })
  }
  expect(server.embedded()).toHaveLength(4)
  await expect(embedder.embed(['x'], AbortSignal.abort())).rejects.toThrow()
  await server.down()
  // An idle connection may have been cut a moment before it was seen to be.
  await expect(embedder.embed(['x'], never)).rejects.toMatchObject({
    code: expect.stringMatching(/^provider\.(?:unavailable|reset)$/),
  })
})

test('embeddings that come a byte at a time are given up after half a minute', async () => {
  const begun = Promise.withResolvers<void>()
  await using server = await startRawServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{', () => begun.resolve())
  })
  const clock = testClock('2026-01-01T00:00:00Z')
  const sleep = async (ms: number) => {
    await begun.promise
    clock.advance(ms)
  }
  const embedder = embedderAt(server.url, { ...clock, sleep })
  await expect(embedder.embed(['x'], never)).rejects.toMatchObject({ name: 'Fault', code: 'provider.timeout' })
  expect(clock.elapsedMs()).toBe(30_000)
})

test('a key means embeddings of OpenAI, unless the environment says offline', () => {
  const modelOf = (env: Record<string, string>) =>
    openEmbedder(readEmbeddings(readConfig(EmbedderVariables, env), env), ground).model
  expect(modelOf({})).toBe('offline-ngrams-1')
  expect(modelOf({ OPENAI_API_KEY: 'k' })).toBe('text-embedding-3-small/512')
  expect(modelOf({ OPENAI_API_KEY: 'k', OPENAI_EMBEDDING_MODEL: 'bge-m3' })).toBe('bge-m3')
  expect(modelOf({ OPENAI_API_KEY: 'k', OPENAI_EMBEDDING_MODEL: 'offline' })).toBe('offline-ngrams-1')
  expect(() => modelOf({ OPENAI_BASE_URL: 'http://localhost:1/v1' })).toThrow('OPENAI_API_KEY')
})

async function startRawServer(answer: RequestListener): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('it has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

test('each request outside of a task is told to metrics and log, with its tokens and its cost', async () => {
  await using server = await startModelServer()
  const lines: object[] = []
  const telemetry = createTelemetry({ processMetrics: false })
  const log = { ...noLog, info: (says: string, facts?: object) => void lines.push({ says, ...facts }) }
  const price = { inputMicroUsd: 20_000, outputMicroUsd: 0, source: 'test' }
  const embedder = openEmbedder(
    { provider: 'openai', model: 'm', apiKey: 'k', baseUrl: server.baseUrl, price },
    { ...ground, log, telemetry },
  )
  await embedder.embed(['x'.repeat(900)], never)
  expect(lines).toEqual([expect.objectContaining({ texts: 1, prompt_tokens: 1_000, cost_micro_usd: 20 })])
  server.setEmbeddingsStatus(429, '7')
  await expect(embedder.embed(['x'], never)).rejects.toMatchObject({ retryAfterMs: 7_000 })
  expect(lines[1]).toMatchObject({ outcome: 'provider.rate_limited', cost_micro_usd: 0 })
  const { text } = await telemetry.exposition()
  expect(text).toContain('magictask_tokens_total{provider="openai",model="m",direction="prompt"} 1000')
  expect(text).toContain('llm_provider_cost_total{provider="openai",model="m"} 0.00002')
  expect(text).toContain('llm_provider_errors_total{provider="openai",fault="provider.rate_limited"} 1')
})

test('what is no embeddings is a server that does not work; what it counted is paid', async () => {
  const bodies = [
    { data: [] },
    { data: [{ embedding: [] }] },
    { data: [{ embedding: [1] }, { embedding: [1] }] },
    { data: [{ embedding: ['1'] }] },
    { error: { message: 'overloaded', code: 503 } },
    {},
  ]
  for (const body of bodies) {
    const usage = { prompt_tokens: 50, total_tokens: 50 }
    await using server = await startRawServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ ...body, usage }))
    })
    const price = { inputMicroUsd: 1_000_000, outputMicroUsd: 0, source: 'test' }
    const config = { provider: 'openai', model: 'm', apiKey: 'k', baseUrl: server.url, price }
    const { ask } = openEmbeddings(config, systemClock)
    const request = { ...embeddingsRequest(['x']), callId: newCallId(), suggestion: 0 }
    const answer = await ask(request, never)
    expect(answer).toMatchObject({
      kind: 'broke',
      fault: 'error' in body ? 'provider.capacity' : 'provider.unavailable',
    })
    expect(answer.costMicroUsd).toBe(50)
  }
})

test('who embeds is a target beside the others, with its price from built-in, file or environment', async () => {
  const read = async (env: Record<string, string>) => {
    const variables = readConfig(EmbedderVariables, env)
    const config = { ...readModelsConfig(env), embeddings: readEmbeddings(variables, env) }
    return openTargets(config, ground)
  }
  const plain = await read({ OPENAI_API_KEY: 'k' })
  expect(plain.routes.get('embeddings')?.candidates).toMatchObject([{ target: 'openai/text-embedding-3-small' }])
  expect(plain.targets.get('openai/text-embedding-3-small')?.price).toMatchObject({
    inputMicroUsd: 20_000,
    outputMicroUsd: 0,
    asOf: expect.stringMatching(/^2026-/),
    source: expect.stringMatching(/^https:/),
  })
  const own = await read({
    OPENAI_API_KEY: 'k',
    OPENAI_EMBEDDING_MODEL: 'bge-m3',
    MAGICTASK__providers__openai__embeddingModels: '{"bge-m3":{"price":{"inputUsd":0.5}}}',
  })
  expect(own.targets.get('openai/bge-m3')?.price?.inputMicroUsd).toBe(500_000)
  const unknown = await read({ OPENAI_API_KEY: 'k', OPENAI_EMBEDDING_MODEL: 'constructor' })
  expect(unknown.targets.get('openai/constructor')?.price).toBeUndefined()
  const one = await read({ OPENAI_API_KEY: 'k', OPENAI_EMBEDDING_MODEL: 'all', OPENAI_MODEL: 'all' })
  expect([...one.targets.keys()].toSorted()).toEqual(['openai/all', 'openai/all:embeddings'])
  for (const offline of [{}, { DEEPSEEK_API_KEY: 'k' }, { OPENAI_API_KEY: 'k', OPENAI_EMBEDDING_MODEL: 'offline' }])
    expect((await read(offline)).routes.has('embeddings')).toBe(false)
})
