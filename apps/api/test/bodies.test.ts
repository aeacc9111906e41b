import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Problem } from '@magictask/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiUnderTest, GENERATE, startApiUnderTest, tokenFor } from './api-under-test.ts'

let sut: ApiUnderTest
beforeAll(async () => {
  sut = await startApiUnderTest()
})
afterAll(() => sut[Symbol.asyncDispose]())

const JSON_TYPE = { 'content-type': 'application/json' }
const MIB = 1024 * 1024
const post = (body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) =>
  sut.http(GENERATE, { method: 'POST', body, headers })
const nested = (depth: number) => `[{"params":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}]`

test.each<[string, string | Uint8Array, number, string]>([
  ['nothing', '', 400, 'request.not_json'],
  ['text', 'hello', 400, 'request.not_json'],
  ['an object', '{}', 400, 'request.invalid'],
  ['an empty list', '[]', 400, 'request.invalid'],
  ['null', 'null', 400, 'request.invalid'],
  ['JSON cut off', '[{"campaignSn":"a"', 400, 'request.not_json'],
  ['two values', '[] []', 400, 'request.not_json'],
  ['comments', '[/* */]', 400, 'request.not_json'],
  ['NaN', '[NaN]', 400, 'request.not_json'],
  ['a byte that is no UTF-8', new Uint8Array([0x5b, 0x22, 0xff, 0x22, 0x5d]), 400, 'request.not_json'],
  ['UTF-16', Buffer.from('[{}]', 'utf16le'), 400, 'request.not_json'],
  ['10,001 tasks', JSON.stringify(Array.from({ length: 10_001 }, () => 1)), 413, 'request.too_large'],
  ['11 MB', new Uint8Array(11 * MIB).fill(0x20), 413, 'request.too_large'],
  ['65 levels', nested(65), 400, 'request.invalid'],
  ['a thousand levels', nested(1_000), 400, 'request.invalid'],
  ['a million levels', nested(1_000_000), 400, 'request.invalid'],
  ['a million open brackets', '['.repeat(1_000_000), 400, 'request.invalid'],
  ['a million open objects', '{"a":'.repeat(1_000_000), 400, 'request.invalid'],
  ['a million closing brackets', ']'.repeat(1_000_000), 400, 'request.not_json'],
  ['ten thousand wrong items', `[${'1,'.repeat(9_999)}1]`, 400, 'request.invalid'],
  ['five million items', `[${'1,'.repeat(5_000_000)}1]`, 413, 'request.too_large'],
  [
    'an item of 100,000 unknown fields',
    `[{${Array.from({ length: 100_000 }, (_, n) => `"f${n}":1`).join()}}]`,
    400,
    'request.invalid',
  ],
])('a body of %s is refused', async (_, body, status, code) => {
  expect((await post(body)).json).toMatchObject({ status, code })
})

test('64 levels are not too deep, and brackets in texts do not count', async () => {
  expect((await post(nested(64))).json).toMatchObject({ code: 'request.invalid', errors_total: 4 })
  const item = { campaignSn: 'a', magicType: 'spam_check', content: '[{"\\'.repeat(1_000) }
  expect((await post(JSON.stringify([item]))).status).toBe(202)
})

test.each([
  ['none', {}],
  ['text/plain', { 'content-type': 'text/plain' }],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['JSON in Latin-1', { 'content-type': 'application/json; charset=iso-8859-1' }],
  ['something like JSON', { 'content-type': 'application/jsonp' }],
  ['gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ['two encodings', { ...JSON_TYPE, 'content-encoding': 'identity, gzip' }],
])('a content type or encoding of %s is 415', async (_, headers) => {
  expect((await post(gzipSync('[]'), headers)).json).toMatchObject({ status: 415 })
})

test('a gzip bomb is refused without being opened', async () => {
  const bomb = gzipSync(Buffer.alloc(50 * MIB, 0x20))
  expect((await post(bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' })).json).toMatchObject({ status: 415 })
})

test.each(['application/json', 'application/json;charset=UTF-8', 'Application/JSON; charset="utf-8"'])(
  '%s is taken',
  async (type) => {
    expect((await post('[]', { 'content-type': type })).json).toMatchObject({ code: 'request.invalid' })
  },
)

test.each([
  ['[1,\n 2,\n x]', 'line 3, column 2'],
  ['[{"a" 1}]', 'line 1, column 7'],
  ['{"secret-value', 'line 1, column 15'],
  ['["a\nb"]', 'line 1, column 4'],
  ['["\\x"]', 'line 1, column 3'],
  ['[01]', 'line 1, column 3'],
  ['[1] x', 'line 1, column 5'],
  ['[1,]', 'line 1, column 4'],
])('a syntax error in %j is told by its place and not by its content', async (body, place) => {
  const { text, json } = await post(body)
  expect(json).toMatchObject({ code: 'request.not_json', detail: expect.stringContaining(place) })
  expect(text).not.toContain('secret')
})

/** Sends a chunked body without end until an answer comes. */
function postWithoutEnd(chunk: Buffer): Promise<{ readonly problem: Problem; readonly sentBytes: number }> {
  return new Promise((resolve, reject) => {
    let sentBytes = 0
    const outgoing = httpRequest(`${sut.address}${GENERATE}`, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${tokenFor('acme')}` },
    })
    const more = () => {
      while (!outgoing.destroyed && outgoing.write(chunk)) sentBytes += chunk.length
    }
    outgoing.on('drain', more).on('error', reject)
    outgoing.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        resolve({ problem: Problem.parse(JSON.parse(Buffer.concat(parts).toString())), sentBytes })
        outgoing
          .off('error', reject)
          .on('error', () => undefined)
          .destroy()
      })
    })
    more()
  })
}

test('a chunked body without end is refused once it is too large, and little of it is kept', async () => {
  const before = process.memoryUsage().rss
  const { problem } = await postWithoutEnd(Buffer.alloc(64 * 1024, 0x20))
  expect(problem.code).toBe('request.too_large')
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB)
})

test('a body that nests without end is refused at its 65th level, long before it is too large', async () => {
  expect((await postWithoutEnd(Buffer.alloc(64 * 1024, '['))).problem).toMatchObject({
    status: 400,
    code: 'request.invalid',
  })
})

/** Writes bytes to a fresh connection and gives what comes back until it closes. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    const socket = connect(sut.api.port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (part) => parts.push(part))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(parts).toString()))
  })
}

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['a broken header', 'GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n', 400],
  ['headers of 200 KB', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(200_000)}\r\n\r\n`, 431],
  ['two lengths', `POST ${GENERATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
  [
    'a length and chunks',
    `POST ${GENERATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    400,
  ],
])('%s is answered with a problem', async (_, text, status) => {
  const answer = await raw(text)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer).toContain('application/problem+json')
  expect(Problem.parse(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).status).toBe(status)
})

test('a caller who sends on, and wants the connection closed, still gets the answer', async () => {
  const head = `POST ${GENERATE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenFor('acme')}\r\nContent-Type: application/json`
  const answer = await raw(`${head}\r\nConnection: close\r\nContent-Length: ${30 * MIB}\r\n\r\n${' '.repeat(30 * MIB)}`)
  expect(answer).toMatch(/^HTTP\/1.1 413 /)
  expect(answer).toContain('request.too_large')
})

test('a caller who hangs up in the middle of a body harms nobody', async () => {
  const socket = connect(sut.api.port, '127.0.0.1')
  socket.write(
    `POST ${GENERATE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenFor('acme')}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n[`,
  )
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.destroy()
  expect((await sut.http('/livez')).status).toBe(200)
})
