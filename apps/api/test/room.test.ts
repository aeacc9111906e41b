import { expect, test } from 'vitest'
import { GENERATE, startApiUnderTest, tokenFor } from './api-under-test.ts'

const items = (count: number) =>
  Array.from({ length: count }, () => ({ campaignSn: 'a', magicType: 'spam_check', content: 'x' }))

test("beyond the tenant's cap nothing is stored, others are served, and a repeated request gets its first answer", async () => {
  await using sut = await startApiUnderTest({ caps: { perTenant: 5, total: 100 } })
  const ask = (count: number, key?: string, tenant = 'acme') =>
    sut.http.withToken(tokenFor(tenant))(GENERATE, {
      method: 'POST',
      json: items(count),
      headers: key === undefined ? {} : { 'idempotency-key': key },
    })
  const first = await ask(5, 'k')
  expect(first.status).toBe(202)
  const refused = await ask(1)
  expect(refused.json).toMatchObject({ status: 429, code: 'quota.exceeded' })
  expect(refused.headers.get('retry-after')).toBe('5')
  expect((await ask(5, 'k')).text).toBe(first.text)
  expect((await ask(4, 'k')).json).toMatchObject({ code: 'idempotency.key_reused' })
  expect((await ask(1, undefined, 'other')).status).toBe(202)
  const [row] = await sut.db.query<{ n: number }>('select count(*)::int as n from tasks')
  expect(row?.n).toBe(6)
})

test("beyond the system's cap it is overloaded", async () => {
  await using sut = await startApiUnderTest({ caps: { perTenant: 100, total: 3 } })
  const ask = (tenant: string) => sut.http.withToken(tokenFor(tenant))(GENERATE, { method: 'POST', json: items(2) })
  expect((await ask('a')).status).toBe(202)
  expect((await ask('b')).json).toMatchObject({ status: 503, code: 'overloaded' })
})

test('of many submissions at once no more are admitted than there is room for', async () => {
  await using sut = await startApiUnderTest({ caps: { perTenant: 10, total: 100 } })
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => sut.http(GENERATE, { method: 'POST', json: items(1) })),
  )
  expect(answers.filter((answer) => answer.status === 202).length).toBe(10)
})

test('cancelled tasks make room at once', async () => {
  await using sut = await startApiUnderTest({ caps: { perTenant: 2, total: 100 } })
  const first = await sut.http(GENERATE, { method: 'POST', json: items(2) })
  await sut.http(`${first.headers.get('location')}/cancel`, { method: 'POST' })
  expect((await sut.http(GENERATE, { method: 'POST', json: items(2) })).status).toBe(202)
})
