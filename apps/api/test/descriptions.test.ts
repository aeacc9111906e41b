import { deadLetterHeadersV1, decode, encode, resultV1, taskV1 } from '@magictask/contracts'
import { wrongByDocument, wrongInAsyncapi, wrongInOpenapi } from '@magictask/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type ApiUnderTest, startApiUnderTest } from './api-under-test.ts'

let sut: ApiUnderTest
beforeAll(async () => {
  sut = await startApiUnderTest()
})
afterAll(() => sut[Symbol.asyncDispose]())

const Document = z.looseObject({})
const documentAt = async (path: string) => Document.parse((await sut.http(path)).json)

test('/openapi.json is an OpenAPI 3.1 document, and nothing in it is dangling', async () => {
  expect(await wrongInOpenapi(await documentAt('/openapi.json'))).toBeUndefined()
  expect(await wrongInOpenapi({ openapi: '3.1.0', info: {}, paths: {} })).toContain('info')
})

test('/asyncapi.json is an AsyncAPI 3.0 document of the topics that there are', async () => {
  const document = await documentAt('/asyncapi.json')
  expect(wrongInAsyncapi(document)).toBeUndefined()
  expect(wrongInAsyncapi({ ...document, channels: { a: { address: 1 } } })).toContain('address')
  const { channels } = z.object({ channels: z.record(z.string(), z.object({ address: z.string() })) }).parse(document)
  const { lanes, results, deadLetters } = sut.topics
  expect(Object.values(channels).map((channel) => channel.address)).toEqual([
    ...Object.values(lanes),
    results,
    deadLetters,
  ])
})

const Content = z.record(
  z.string(),
  z.object({
    example: z.unknown().optional(),
    examples: z.record(z.string(), z.object({ value: z.unknown() })).optional(),
  }),
)
const Paths = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        requestBody: z.object({ content: Content }).optional(),
        responses: z.record(z.string(), z.object({ content: Content.optional() })),
      }),
    ),
  ),
})

test('every example of a body or an answer fits the schema beside it', async () => {
  const document = await documentAt('/openapi.json')
  const wrong: string[] = []
  let seen = 0
  const look = (place: readonly string[], content: z.infer<typeof Content> = {}) => {
    for (const [type, { example, examples = {} }] of Object.entries(content)) {
      const pointer = [...place, 'content', type, 'schema'].map(pointerStep).join('')
      const given = [...(example === undefined ? [] : [example]), ...Object.values(examples).map(({ value }) => value)]
      seen += given.length
      wrong.push(...given.flatMap((value) => wrongByDocument(document, pointer, value) ?? []))
    }
  }
  for (const [path, methods] of Object.entries(Paths.parse(document).paths)) {
    for (const [method, { requestBody, responses }] of Object.entries(methods)) {
      look(['paths', path, method, 'requestBody'], requestBody?.content)
      for (const [status, { content }] of Object.entries(responses))
        look(['paths', path, method, 'responses', status], content)
    }
  }
  expect(wrong).toEqual([])
  expect(seen).toBeGreaterThan(100)
})

function pointerStep(step: string): string {
  return `/${encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))}`
}

const Example = z.object({ headers: z.record(z.string(), z.string()), payload: z.unknown() })
const Message = z.object({ examples: z.array(Example).min(1) })
const Messages = z.object({
  components: z.object({ messages: z.object({ task: Message, result: Message, deadLetter: Message }) }),
})

test('every example of a record is read by its contract, and written again to the same', async () => {
  const document = await documentAt('/asyncapi.json')
  const { task, result, deadLetter } = Messages.parse(document).components.messages
  for (const [name, { examples }] of Object.entries({ task, result, deadLetter })) {
    for (const { headers, payload } of examples) {
      const place = `/components/messages/${name}`
      expect(wrongByDocument(document, `${place}/headers`, headers)).toBeUndefined()
      expect(wrongByDocument(document, `${place}/payload`, payload)).toBeUndefined()
    }
  }
  const bytes = (payload: unknown) => Buffer.from(JSON.stringify(payload))
  for (const { payload } of task.examples)
    expect(encode(taskV1, decode(taskV1, bytes(payload)))).toBe(JSON.stringify(payload))
  for (const { payload } of result.examples) expect(decode(resultV1, bytes(payload))).toEqual(payload)
  for (const { headers } of deadLetter.examples)
    expect(z.encode(deadLetterHeadersV1, deadLetterHeadersV1.parse(headers))).toEqual(headers)
})
