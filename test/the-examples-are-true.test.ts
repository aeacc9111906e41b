import { randomUUID } from 'node:crypto'
import { KafkaVariables, openBroker } from '@magictask/kafka'
import { noLog, systemClock } from '@magictask/runtime'
import { type HttpAnswer, wrongByDocument } from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { item, type RunningSystem, startSystem } from './running-system.ts'

let system: RunningSystem
beforeAll(async () => {
  system = await startSystem({ workers: 1 })
  await system.ended((await system.submit([item('the first record that a new group hears takes its time')])).batch_id)
})
afterAll(() => system[Symbol.asyncDispose]())

const Parameter = z.object({ name: z.string(), in: z.string(), example: z.string().optional() })
const Content = z.object({ 'application/json': z.object({ example: z.unknown().optional() }).optional() })
const Operation = z.object({
  operationId: z.string(),
  parameters: z.array(Parameter),
  requestBody: z.object({ content: Content }).optional(),
  responses: z.record(z.string(), z.object({ content: Content.optional() })),
})
const Described = z.object({ paths: z.record(z.string(), z.record(z.string(), Operation)) })
const Submitted = z.object({ batch_id: z.string(), tasks: z.array(z.object({ task_id: z.string() })) })

/** An operation by its id, with the request that its examples make. */
async function operation(id: string) {
  const { paths } = Described.parse((await system.http('/openapi.json')).json)
  for (const [path, methods] of Object.entries(paths))
    for (const [method, found] of Object.entries(methods))
      if (found.operationId === id)
        return { ...found, path, method: z.enum(['GET', 'POST', 'DELETE', 'PUT']).parse(method.toUpperCase()) }
  throw new Error(`there is no operation ${id}`)
}

const exampleOf = (content: z.infer<typeof Content> | undefined) => content?.['application/json']?.example

async function ask(
  id: string,
  ids: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
) {
  const { path, method, requestBody } = await operation(id)
  const json = exampleOf(requestBody?.content)
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? 'missing')
  return await system.http(filled, { method, headers, ...(json === undefined ? {} : { json }) })
}

/** The names that an object of the example has, at every depth: an answer has to have the same. */
function namesOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(namesOf)
  if (typeof value !== 'object' || value === null) return typeof value === 'object' ? 'number' : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, namesOf(inner)]))
}

async function expectAsInExample(id: string, answer: HttpAnswer) {
  const { responses } = await operation(id)
  const example = exampleOf(responses[answer.status]?.content)
  expect(example, `${id} has no example of ${answer.status}`).toBeDefined()
  expect({ [id]: namesOf(answer.json) }).toEqual({ [id]: namesOf(example) })
}

test('the seed’s request is the example, and its answers look like the examples', async () => {
  const { requestBody } = await operation('generate')
  const seed = [
    {
      campaignSn: 'abc123',
      magicType: 'title_optimize',
      content: '限時下殺！買一送一活動開跑啦，快邀朋友一起搶購！',
      num_suggestions: 2,
    },
    {
      campaignSn: 'def456',
      magicType: 'title_optimize',
      content: '最後一天！立即入手最優惠的方案',
      num_suggestions: 2,
    },
  ]
  expect(exampleOf(requestBody?.content)).toEqual(seed)

  await expectAsInExample('generate', await ask('generate'))
  const held = await ask('generate', {}, { prefer: 'wait=60' })
  expect(held.status).toBe(200)
  await expectAsInExample('generate', held)
  const { batch_id, tasks } = Submitted.parse(held.json)
  const ids = { batch_id, task_id: tasks[0]?.task_id ?? '' }
  for (const id of ['getTask', 'listTasks', 'getBatch', 'batchResults']) await expectAsInExample(id, await ask(id, ids))
  for (const id of ['cancelTask', 'cancelBatch']) expect((await ask(id, ids)).status).toBe(409)
})

test('the ids of the examples are nobody’s, and answered so', async () => {
  for (const id of ['getTask', 'cancelTask', 'getBatch', 'cancelBatch', 'batchResults']) {
    const { parameters } = await operation(id)
    const ids = Object.fromEntries(
      parameters.filter((one) => one.in === 'path').map(({ name, example = '' }) => [name, example]),
    )
    expect(Object.values(ids).join()).toMatch(/^[0-9a-f-]{36}$/)
    expect((await ask(id, ids)).status).toBe(404)
  }
})

test('what is on Kafka is as /asyncapi.json says: topics, keys, headers and values', async () => {
  const document = z
    .looseObject({
      channels: z.record(z.string(), z.object({ address: z.string(), messages: z.record(z.string(), z.unknown()) })),
    })
    .parse((await system.http('/asyncapi.json')).json)
  await ask('generate', {}, { prefer: 'wait=60' })
  const config = KafkaVariables.parse({ KAFKA_BOOTSTRAP_SERVERS: inject('kafkaBrokers').join() })
  await using broker = await openBroker(config, { clientId: 'test', log: noLog, clock: systemClock })
  for (const name of ['tasks', 'results']) {
    const channel = document.channels[name]
    const message = `/components/messages/${Object.keys(channel?.messages ?? {}).join()}`
    const heard = Promise.withResolvers<Readonly<{ key: unknown; headers: unknown; value: unknown }>>()
    await using _consumer = await broker.startConsumer({
      topic: channel?.address ?? '',
      group: `examples-${randomUUID()}`,
      fromBeginning: true,
      decide: async (records) => {
        for (const { key, headers, value } of records)
          heard.resolve({ key: String(key), headers: texts(headers), value: JSON.parse(String(value)) })
        return records.length
      },
      onCrash: heard.reject,
    })
    const { key, headers, value } = await heard.promise
    expect(value).toMatchObject({ task_id: key })
    expect(wrongByDocument(document, `${message}/headers`, headers)).toBeUndefined()
    expect(wrongByDocument(document, `${message}/payload`, value)).toBeUndefined()
  }
})

function texts(headers: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
