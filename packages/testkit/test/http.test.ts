import { createServer, type ServerResponse } from 'node:http'
import { openapi } from '@magictask/contracts'
import { expect, test } from 'vitest'
import { openHttpClient } from '../src/index.ts'

/** A server that describes itself as the api does and answers everything else as it is told. */
async function serve(answer: (response: ServerResponse) => void) {
  const document = JSON.stringify(openapi({ magicTypes: ['spam_check'], version: '0' }))
  const server = createServer((request, response) => {
    if (request.url === '/openapi.json') response.end(document)
    else answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return {
    http: await openHttpClient(`http://127.0.0.1:${port}`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const JSON_TYPE = { 'content-type': 'application/json', 'x-request-id': 'a' }

test('an answer as it is described is handed over', async () => {
  await using server = await serve((response) => response.writeHead(200, JSON_TYPE).end('{"ok":true}'))
  expect((await server.http('/livez')).json).toEqual({ ok: true })
})

test.each<[string, string, (response: ServerResponse) => void]>([
  [
    'a field that is not described',
    'additional',
    (response) => response.writeHead(200, JSON_TYPE).end('{"ok":true,"x":1}'),
  ],
  ['a field that is missing', 'required', (response) => response.writeHead(200, JSON_TYPE).end('{}')],
  ['a status that is not described', 'status', (response) => response.writeHead(418, JSON_TYPE).end('{}')],
  [
    'another content type',
    'text/html',
    (response) => response.writeHead(200, { ...JSON_TYPE, 'content-type': 'text/html' }).end('x'),
  ],
  ['no X-Request-Id', 'X-Request-Id', (response) => response.writeHead(200).end('{"ok":true}')],
  ['a header that is missing', 'Retry-After', (response) => response.writeHead(503, JSON_TYPE).end('{"ok":false}')],
])('an answer with %s is refused', async (_, why, answer) => {
  await using server = await serve(answer)
  await expect(server.http('/livez')).rejects.toThrow(why)
})

test('at an address that is not described only a problem will do', async () => {
  await using server = await serve((response) => response.writeHead(404, JSON_TYPE).end('{}'))
  await expect(server.http('/nothing')).rejects.toThrow('not as described')
})
