import { createSkuCatalogue } from '@magictask/chains'
import { openEmbedder } from '@magictask/models'
import { createTelemetry, noLog, systemClock } from '@magictask/runtime'
import { startModelServer } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { startApiUnderTest, tokenFor } from './api-under-test.ts'

const SKUS = '/api/public/v1/skus'
const SHOP = [
  { sku: 'A/1 黑', description: '無線藍牙耳機，黑色' },
  { sku: 'B-2', description: 'Stainless steel water bottle' },
  { sku: 'C-3', description: '不鏽鋼保溫杯' },
]
const put = (json: unknown) => ({ method: 'PUT', json }) as const
const found = (query: string, limit = 10) => `${SKUS}?query=${encodeURIComponent(query)}&limit=${limit}`

test('what is put is found, the closest first, and what is deleted is not', async () => {
  await using system = await startApiUnderTest()
  const { http } = system
  expect((await http(found('耳機'))).json).toEqual({ data: [] })
  expect((await http(SKUS, put(SHOP))).json).toEqual({ received: 3, changed: 3, total: 3 })
  expect((await http(SKUS, put(SHOP))).json).toEqual({ received: 3, changed: 0, total: 3 })

  expect((await http(found('steel bottle', 1))).json).toMatchObject({
    data: [{ sku: 'B-2', score: expect.any(Number) }],
  })
  expect((await http(found('黑色蓝牙耳机'))).json).toMatchObject({ data: [{ sku: 'A/1 黑' }, {}, {}] })

  const gone = await http(`${SKUS}/${encodeURIComponent('A/1 黑')}`, { method: 'DELETE' })
  expect([gone.status, gone.text]).toEqual([204, ''])
  expect((await http(`${SKUS}/${encodeURIComponent('A/1 黑')}`, { method: 'DELETE' })).json).toMatchObject({
    code: 'sku.not_found',
  })
  expect((await http(found('黑色蓝牙耳机'))).json).toMatchObject({ data: [{}, {}] })
  expect((await http(SKUS, put([{ sku: 'B-2', description: '黑色藍牙耳機' }]))).json).toMatchObject({
    changed: 1,
    total: 2,
  })
  expect((await http(found('黑色蓝牙耳机', 1))).json).toMatchObject({ data: [{ sku: 'B-2' }] })
})

test("another tenant's catalogue can be neither seen nor changed", async () => {
  await using system = await startApiUnderTest()
  const other = system.http.withToken(tokenFor('globex'))
  await system.http(SKUS, put(SHOP))
  expect((await other(found('steel bottle'))).json).toEqual({ data: [] })
  expect((await other(`${SKUS}/B-2`, { method: 'DELETE' })).json).toMatchObject({ code: 'sku.not_found' })
  await other(SKUS, put([{ sku: 'B-2', description: 'something else' }]))
  expect((await system.http(found('steel bottle', 1))).json).toMatchObject({
    data: [{ description: SHOP[1]?.description }],
  })
})

test('every bad item is named by its pointer, and nothing is stored', async () => {
  await using system = await startApiUnderTest()
  const answer = await system.http(
    SKUS,
    put([
      ...SHOP,
      { sku: 'B-2', description: 'again' },
      { sku: ' x', description: ' ' },
      { sku: 'D', description: 'x'.repeat(2_001), price: 1 },
      { sku: '..' },
      'E',
    ]),
  )
  expect(answer.status).toBe(400)
  expect(answer.json).toMatchObject({
    code: 'request.invalid',
    errors: [
      { pointer: '/3/sku', detail: 'is at /1 already' },
      { pointer: '/4/sku' },
      { pointer: '/4/description' },
      { pointer: '/5/description' },
      { pointer: '/5/price' },
      { pointer: '/6/sku' },
      { pointer: '/6/description' },
      { pointer: '/7' },
    ],
  })
  for (const body of [[], {}, null]) expect((await system.http(SKUS, put(body))).status).toBe(400)
  const tooMany = Array.from({ length: 10_001 }, (_, at) => ({ sku: `${at}`, description: 'x' }))
  expect((await system.http(SKUS, put(tooMany))).status).toBe(413)
  for (const query of [
    SKUS,
    `${SKUS}?query=`,
    `${SKUS}?query=x&limit=0`,
    `${SKUS}?query=x&limit=101`,
    `${SKUS}?query=x&q=y`,
  ])
    expect((await system.http(query)).json).toMatchObject({ code: 'request.invalid' })
  expect((await system.http(`${SKUS}/%zz`, { method: 'DELETE' })).json).toMatchObject({ code: 'sku.not_found' })
  expect((await system.http(found('steel bottle'))).json).toEqual({ data: [] })
})

test('each route asks for its scope', async () => {
  await using system = await startApiUnderTest()
  const reader = system.http.withToken(tokenFor('acme', ['read']))
  const writer = system.http.withToken(tokenFor('acme', ['generate']))
  expect((await reader(SKUS, put(SHOP))).status).toBe(403)
  expect((await writer(SKUS, put(SHOP))).status).toBe(200)
  expect((await writer(found('bottle'))).status).toBe(403)
  expect((await reader(found('bottle'))).status).toBe(200)
  expect((await reader(`${SKUS}/B-2`, { method: 'DELETE' })).status).toBe(403)
})

test('ten thousand are stored at once; more than twenty thousand are no catalogue', async () => {
  await using system = await startApiUnderTest()
  const shop = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => ({ sku: `S-${from + at}`, description: `product number ${from + at}` }))
  expect((await system.http(SKUS, put(shop(0, 10_000)))).json).toMatchObject({ changed: 10_000, total: 10_000 })
  expect((await system.http(SKUS, put(shop(10_000, 10_000)))).json).toMatchObject({ total: 20_000 })
  expect((await system.http(SKUS, put(shop(20_000, 1)))).json).toMatchObject({ code: 'catalogue.full', status: 409 })
  expect((await system.http(found('product number 4711', 1))).json).toMatchObject({ data: [{ sku: 'S-4711' }] })
}, 120_000)

test('while embeddings cannot be had, the answer is 503 and when to come back; one that is refused is sent once', async () => {
  await using model = await startModelServer()
  const { baseUrl } = model
  const ground = { clock: systemClock, log: noLog, telemetry: createTelemetry({ processMetrics: false }) }
  const embedder = openEmbedder({ provider: 'openai', model: 'text-embedding-3-small', apiKey: 'k', baseUrl }, ground)
  await using system = await startApiUnderTest((db) => ({ catalogue: createSkuCatalogue({ db, embedder }) }))
  model.setEmbeddingsStatus(500)
  const refused = await system.http(SKUS, put(SHOP))
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
  expect(refused.json).toMatchObject({ code: 'embeddings.unavailable' })
  expect(model.embedded()).toEqual([3])
  expect((await system.http(found('bottle'))).json).toEqual({ data: [] })

  model.setEmbeddingsStatus(200)
  expect((await system.http(SKUS, put(SHOP))).json).toMatchObject({ changed: 3 })
  expect((await system.http(found('steel bottle', 1))).json).toMatchObject({ data: [{ sku: 'B-2' }] })
  expect(model.embedded()).toEqual([3, 3, 1])
  model.setEmbeddingsStatus(401)
  expect((await system.http(found('steel bottle', 1))).json).toMatchObject({ code: 'embeddings.unavailable' })
})
