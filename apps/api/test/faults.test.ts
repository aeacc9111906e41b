import { createTelemetry, noLog, systemClock } from '@magictask/runtime'
import { openDatabase } from '@magictask/store'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiUnderTest, GENERATE, startApiUnderTest } from './api-under-test.ts'

let sut: ApiUnderTest
beforeAll(async () => {
  sut = await startApiUnderTest()
})
afterAll(() => sut[Symbol.asyncDispose]())

test.each([
  '/',
  '/nothing',
  '/api/public/v1',
  '/api/public/v1/nothing',
  '/API/PUBLIC/V1/tasks',
  '/%zz',
  '//',
  '/api/public/v1/tasks/a/b',
])('nothing is at %s, and a problem says so', async (path) => {
  expect((await sut.http(path)).json).toMatchObject({ status: 404 })
})

test.each([
  [GENERATE, 'GET', 'POST, OPTIONS'],
  [GENERATE, 'DELETE', 'POST, OPTIONS'],
  ['/api/public/v1/tasks/x', 'POST', 'GET, DELETE, HEAD, OPTIONS'],
  ['/api/public/v1/tasks', 'PUT', 'GET, HEAD, OPTIONS'],
  ['/livez', 'POST', 'GET, HEAD, OPTIONS'],
] as const)('%s does not take %s, and says what it takes', async (path, method, allow) => {
  const answer = await sut.http(path, { method })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
})

test('an id that comes with a request is kept if it is harmless', async () => {
  const ask = async (id: string) =>
    (await sut.http('/nothing', { headers: { 'x-request-id': id } })).headers.get('x-request-id')
  expect(await ask('abc-1.2:3/4')).toBe('abc-1.2:3/4')
  for (const odd of ['a b', 'x'.repeat(129), '<script>', '"', 'é']) expect(await ask(odd)).toMatch(/^[0-9a-f-]{36}$/)
})

test.each(['/livez', '/healthz', '/health', '/readyz', '/ready'])(
  '%s is well, and lists what it looked at when asked',
  async (path) => {
    expect((await sut.http(path)).json).toEqual({ ok: true })
    expect((await sut.http(`${path}?verbose`)).json).toMatchObject({ ok: true, checks: expect.any(Array) })
  },
)

test.each(['/metrics', '/api/v1/metrics'])('%s counts requests by the template of their route', async (path) => {
  await sut.http('/api/public/v1/tasks/x')
  expect((await sut.http(path)).text).toContain(
    'magictask_http_requests_total{method="GET",route="/api/public/v1/tasks/:task_id",status="404"}',
  )
})

test('browsers of other origins may ask and see the headers, unless they may not', async () => {
  const preflight = await sut.http(GENERATE, {
    method: 'OPTIONS',
    headers: { origin: 'http://a.example', 'access-control-request-method': 'POST' },
  })
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
  expect((await sut.http('/livez')).headers.get('access-control-expose-headers')).toContain('Location')
  await using closed = await startApiUnderTest({ enableCors: false })
  expect((await closed.http('/livez')).headers.has('access-control-allow-origin')).toBe(false)
})

test('with the database away everything that needs it is 503 with Retry-After, and liveness is well', async () => {
  const url = 'postgres://nobody@127.0.0.1:1/nothing'
  await using db = openDatabase({
    url,
    name: 'test',
    maxConnections: 1,
    statementTimeoutMs: 500,
    onIdleError: () => undefined,
  })
  await using down = await startApiUnderTest({ db })
  const item = { campaignSn: 'a', magicType: 'spam_check', content: 'x' }
  const id = '019f3a0e-7c00-7000-8000-000000000001'
  const answers = [
    await down.http(GENERATE, { method: 'POST', json: [item] }),
    await down.http(GENERATE, { method: 'POST', json: [item], headers: { 'idempotency-key': 'k', prefer: 'wait=5' } }),
    await down.http(`/api/public/v1/tasks/${id}`, { headers: { prefer: 'wait=5' } }),
    await down.http(`/api/public/v1/tasks/${id}`, { method: 'DELETE' }),
    await down.http('/api/public/v1/tasks'),
    await down.http(`/api/public/v1/batches/${id}/results`, { headers: { accept: 'application/x-ndjson' } }),
  ]
  for (const answer of answers) {
    expect(answer.json).toMatchObject({ status: 503, code: 'service.unavailable' })
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(answer.text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1|postgres/)
  }
  expect((await down.http('/livez')).status).toBe(200)
  expect((await down.http('/readyz')).status).toBe(503)
})

test('with the broker away a submission is accepted all the same', async () => {
  const broken = { publish: () => Promise.reject(new Error('no broker')), [Symbol.asyncDispose]: async () => undefined }
  await using alone = await startApiUnderTest({ publisher: broken })
  const answer = await alone.http(GENERATE, {
    method: 'POST',
    json: [{ campaignSn: 'a', magicType: 'spam_check', content: 'x' }],
  })
  expect(answer.status).toBe(202)
})

test('a port that is taken is named, with the way out', async () => {
  const port = sut.api.port
  await expect(
    startApiUnderTest({ port, log: noLog, clock: systemClock, telemetry: createTelemetry({ processMetrics: false }) }),
  ).rejects.toThrow(`Port ${port} is taken by another process. Set LLM_PORT to a free one.`)
})
