import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type ApiUnderTest, GENERATE, startApiUnderTest, tokenFor } from './api-under-test.ts'

let sut: ApiUnderTest
beforeAll(async () => {
  sut = await startApiUnderTest()
})
afterAll(() => sut[Symbol.asyncDispose]())

const item = { campaignSn: 'abc', magicType: 'title_optimize', content: '限時下殺', num_suggestions: 2 }
const Accepted = z.object({ batch_id: z.string(), tasks: z.array(z.object({ task_id: z.string() })) })

async function submit(items: readonly unknown[], headers: Record<string, string> = {}) {
  const answer = await sut.http(GENERATE, { method: 'POST', json: items, headers })
  return { answer, ...Accepted.parse(answer.json) }
}

const stored = async () => (await sut.db.query<{ n: number }>('select count(*)::int as n from tasks'))[0]?.n

test('a batch is accepted, and can be asked about at once, in the order of the request', async () => {
  const { answer, batch_id, tasks } = await submit([item, { ...item, magicType: 'spam_check' }])
  expect(answer.status).toBe(202)
  expect(answer.headers.get('location')).toBe(`/api/public/v1/batches/${batch_id}`)
  expect(answer.json).toMatchObject({
    status: 'in_progress',
    counts: { submitted: 2, queued: 2 },
    tasks: [{ magicType: 'title_optimize', status: 'queued' }, { magicType: 'spam_check' }],
  })
  const batch = await sut.http(`/api/public/v1/batches/${batch_id}`)
  expect(batch.json).toMatchObject({ batch_id, counts: { submitted: 2, queued: 2 } })
  const task = await sut.http(`/api/public/v1/tasks/task_${tasks[1]?.task_id}`)
  expect(task.json).toMatchObject({ batch_id, magicType: 'spam_check', results: [], status: 'queued' })
  expect(task.headers.get('retry-after')).toBe('1')
})

test('a task goes to the topic of its lane with its whole content', async () => {
  const heard: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const { tasks } = await submit([
    { ...item, priority: 'high', params: { b: 1, a: 2 }, deadline: '2030-01-01T08:00:00+08:00' },
  ])
  await using _consumer = await sut.broker.startConsumer({
    topic: sut.topics.lanes.high,
    group: 'listener',
    fromBeginning: true,
    decide: async (records) => {
      heard.push(...records.map((record) => String(record.value)))
      resolve()
      return records.length
    },
    onCrash: () => undefined,
  })
  await promise
  expect(JSON.parse(heard[0] ?? '')).toMatchObject({
    task_id: tasks[0]?.task_id,
    tenant: 'acme',
    tier: 'free',
    lane: 'high',
    params: { b: 1, a: 2 },
    deadline: '2030-01-01T00:00:00.000Z',
    num_suggestions: 2,
  })
})

test('what is wrong is refused whole, with every pointer, and nothing is stored', async () => {
  const before = await stored()
  const answer = await sut.http(GENERATE, {
    method: 'POST',
    json: [item, { ...item, num_suggestions: 11, extra: 1 }, { ...item, content: ' ' }],
  })
  expect(answer.status).toBe(400)
  expect(answer.json).toMatchObject({
    code: 'request.invalid',
    errors_total: 3,
    errors: [{ pointer: '/1/num_suggestions' }, { pointer: '/1/extra' }, { pointer: '/2/content' }],
  })
  expect(await stored()).toBe(before)
})

test('the same key and body give the same answer again, bare or quoted; another body is refused; another tenant has keys of its own', async () => {
  const body = JSON.stringify([item])
  const ask = (key: string, text = body, http = sut.http) =>
    http(GENERATE, {
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
    })
  const first = await ask('k-1')
  const again = await ask('"k-1"')
  expect(again.text).toBe(first.text)
  expect(again.headers.get('location')).toBe(first.headers.get('location'))
  expect([first.headers.has('idempotency-replayed'), again.headers.get('idempotency-replayed')]).toEqual([
    false,
    'true',
  ])
  expect((await ask('k-1', `${body} `)).json).toMatchObject({ status: 422, code: 'idempotency.key_reused' })
  const other = await ask('k-1', body, sut.http.withToken(tokenFor('other')))
  expect(other.text).not.toBe(first.text)
  expect((await ask('a b')).json).toMatchObject({ code: 'request.invalid' })
})

test('of many requests with one key at once, one is stored', async () => {
  const before = (await stored()) ?? 0
  const answers = await Promise.all(
    Array.from({ length: 12 }, () =>
      sut.http(GENERATE, { method: 'POST', json: [item], headers: { 'idempotency-key': 'race' } }),
    ),
  )
  expect(answers.filter((answer) => answer.status !== 202 && answer.status !== 409)).toEqual([])
  expect(new Set(answers.filter((answer) => answer.status === 202).map((answer) => answer.text)).size).toBe(1)
  expect(await stored()).toBe(before + 1)
})

test('10,000 tasks are accepted in one request', async () => {
  const { answer, tasks } = await submit(Array.from({ length: 10_000 }, () => item))
  expect(answer.status).toBe(202)
  expect(tasks).toHaveLength(10_000)
  expect(tasks.map((task) => task.task_id)).toEqual(tasks.map((task) => task.task_id).toSorted())
})

test('another tenant, an unknown id and a malformed id get the same 404', async () => {
  const { batch_id, tasks } = await submit([item])
  const stranger = sut.http.withToken(tokenFor('stranger'))
  const id = tasks[0]?.task_id ?? ''
  const ask = async (path: string, method: 'GET' | 'DELETE' | 'POST' = 'GET') => {
    const { json, status, headers } = await stranger(path, { method, headers: { 'x-request-id': 'same' } })
    return { json, status, type: headers.get('content-type') }
  }
  const unknown = '019f3a0e-7c00-7000-8000-000000000001'
  const odd = [unknown, 'x', '%00', '%zz', "1'or'1'='1", `task_${unknown}`, '123e4567-e89b-12d3-a456-426614174000']
  const mine = await ask(`/api/public/v1/tasks/${id}`)
  expect(mine).toMatchObject({ status: 404, json: { code: 'task.not_found' } })
  for (const other of odd) expect(await ask(`/api/public/v1/tasks/${other}`)).toEqual(mine)
  expect(await ask(`/api/public/v1/tasks/${id}`, 'DELETE')).toEqual(mine)
  const batch = await ask(`/api/public/v1/batches/${batch_id}`)
  expect(batch).toMatchObject({ status: 404, json: { code: 'batch.not_found' } })
  for (const other of odd) expect(await ask(`/api/public/v1/batches/${other}`)).toEqual(batch)
  expect(await ask(`/api/public/v1/batches/${batch_id}/results`)).toEqual(batch)
  expect(await ask(`/api/public/v1/batches/${batch_id}/cancel`, 'POST')).toEqual(batch)
  expect(await ask(`/api/public/v1/tasks?batch_id=${batch_id}`)).toEqual(batch)
  expect((await stranger('/api/public/v1/tasks')).json).toEqual({ data: [] })
})

test('a task is cancelled once, then its state is told', async () => {
  const { tasks } = await submit([item])
  const path = `/api/public/v1/tasks/${tasks[0]?.task_id}`
  expect((await sut.http(path, { method: 'DELETE' })).json).toMatchObject({
    status: 'cancelled',
    error: { code: 'task.cancelled' },
  })
  expect((await sut.http(path, { method: 'DELETE' })).json).toMatchObject({
    status: 409,
    code: 'task.already_ended',
    task_status: 'cancelled',
  })
})

test('a batch is cancelled once, then its state is told', async () => {
  const { batch_id } = await submit([item, item])
  const path = `/api/public/v1/batches/${batch_id}/cancel`
  expect((await sut.http(path, { method: 'POST' })).json).toMatchObject({
    status: 'cancelled',
    counts: { cancelled: 2 },
  })
  expect((await sut.http(path, { method: 'POST' })).json).toMatchObject({
    code: 'task.already_ended',
    batch_status: 'cancelled',
  })
})

test('a list is read page by page to its end, by every filter', async () => {
  const tenant = sut.http.withToken(tokenFor('lister'))
  const { batch_id } = Accepted.parse(
    (
      await tenant(GENERATE, {
        method: 'POST',
        json: Array.from({ length: 7 }, (_, n) => ({ ...item, campaignSn: `c${n}` })),
      })
    ).json,
  )
  const Page = z.object({ data: z.array(z.object({ campaignSn: z.string() })), next_cursor: z.string().optional() })
  const seen: string[] = []
  let path: string | undefined = `/api/public/v1/tasks?batch_id=${batch_id}&status=queued&limit=3`
  let pages = 0
  while (path !== undefined) {
    const answer = await tenant(path)
    const page = Page.parse(answer.json)
    seen.push(...page.data.map((task) => task.campaignSn))
    path = /<(.+)>/.exec(answer.headers.get('link') ?? '')?.[1]
    expect(path !== undefined).toBe(page.next_cursor !== undefined)
    pages += 1
  }
  expect([pages, seen]).toEqual([3, ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']])
  const only = await tenant('/api/public/v1/tasks?campaignSn=c5&magicType=title_optimize&include=results')
  expect(only.json).toMatchObject({ data: [{ campaignSn: 'c5', results: [] }] })
})

test.each([
  'limit=0',
  'limit=1001',
  'limit=x',
  'limit=1&limit=2',
  'cursor=x',
  'status=done',
  'nothing=1',
  'include=all',
  'campaignSn=%00',
])('the query %s is refused', async (query) => {
  expect((await sut.http(`/api/public/v1/tasks?${query}`)).json).toMatchObject({ status: 400, code: 'request.invalid' })
})

test('results of a batch come as a page or as a line a task, in the order of submission', async () => {
  const { batch_id, tasks } = await submit(Array.from({ length: 450 }, () => item))
  const path = `/api/public/v1/batches/${batch_id}/results`
  expect(z.object({ data: z.array(z.unknown()) }).parse((await sut.http(path)).json).data).toHaveLength(50)
  const stream = await sut.http(path, { headers: { accept: 'application/x-ndjson' } })
  expect(stream.headers.get('content-type')).toMatch(/^application\/x-ndjson/)
  const ids = stream.text
    .trim()
    .split('\n')
    .map((line) => z.object({ task_id: z.string() }).parse(JSON.parse(line)).task_id)
  expect(ids).toEqual(tasks.map((task) => task.task_id))
})

test('an ETag that still holds gives 304', async () => {
  const { tasks } = await submit([item])
  const path = `/api/public/v1/tasks/${tasks[0]?.task_id}`
  const etag = (await sut.http(path)).headers.get('etag') ?? ''
  expect((await sut.http(path, { headers: { 'if-none-match': etag } })).status).toBe(304)
  await sut.http(path, { method: 'DELETE' })
  const changed = await sut.http(path, { headers: { 'if-none-match': etag } })
  expect([changed.status, changed.headers.get('etag') === etag]).toEqual([200, false])
})
