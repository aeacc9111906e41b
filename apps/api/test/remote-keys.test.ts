import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import { noLog, testClock } from '@magictask/runtime'
import jwt from 'jsonwebtoken'
import { expect, test } from 'vitest'
import { createAuthenticator } from '../src/index.ts'
import { createRemoteKeys } from '../src/remote-keys.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const nextRsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const jwk = (key: KeyObject, members: object = {}) => ({ ...key.export({ format: 'jwk' }), use: 'sig', ...members })
const set = (...keys: readonly unknown[]) => JSON.stringify({ keys })

type Algorithm = 'RS256' | 'RS384' | 'PS256' | 'ES256'
const tokenBy = (key: KeyObject, algorithm: Algorithm, kid?: string) =>
  jwt.sign({ sub: 'acme' }, key, { algorithm, expiresIn: 3_600, ...(kid === undefined ? {} : { keyid: kid }) })

/** An issuer whose answer can be changed, and who counts how often he is asked. */
async function startIssuer(text = set(jwk(rsa.publicKey, { kid: 'a' }))) {
  let asked = 0
  let answer: RequestListener = (_, response) => response.end(text)
  const server = createServer((request, response) => {
    asked += 1
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const clock = testClock('2026-01-01T00:00:00Z')
  const url = `http://127.0.0.1:${port}/keys`
  const authenticate = createAuthenticator({ remoteKeys: createRemoteKeys({ url, clock, log: noLog }) })
  return {
    clock,
    asked: () => asked,
    letIn: async (token: string) => (await authenticate({ headers: { authorization: `Bearer ${token}` } })).tenant,
    publishes: (...keys: readonly unknown[]) => (answer = (_, response) => response.end(set(...keys))),
    answers: (listener: RequestListener) => (answer = listener),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('keys are fetched at the first token, once, and let in what they signed', async () => {
  await using issuer = await startIssuer(set(jwk(rsa.publicKey, { kid: 'a' }), jwk(ec.publicKey, { kid: 'b' })))
  expect(issuer.asked()).toBe(0)
  const tokens = [tokenBy(rsa.privateKey, 'RS256', 'a'), tokenBy(ec.privateKey, 'ES256', 'b')]
  const asking = Array.from({ length: 50 }, (_, index) => issuer.letIn(tokens[index % 2] ?? ''))
  expect(new Set(await Promise.all(asking))).toEqual(new Set(['acme']))
  expect(issuer.asked()).toBe(1)
})

test('a new key is found by its unknown kid; one that is taken back stops being believed', async () => {
  await using issuer = await startIssuer()
  const [old, fresh] = [tokenBy(rsa.privateKey, 'RS256', 'a'), tokenBy(nextRsa.privateKey, 'RS256', 'c')]
  await issuer.letIn(old)
  issuer.publishes(jwk(nextRsa.publicKey, { kid: 'c' }))
  await expect(issuer.letIn(fresh)).rejects.toThrow('not valid here')
  issuer.clock.advance(30_000)
  expect(await issuer.letIn(fresh)).toBe('acme')
  await expect(issuer.letIn(old)).rejects.toThrow('not valid here')
  expect(issuer.asked()).toBe(2)
})

test('keys in use are asked for again after five minutes, and nobody waits for it', async () => {
  await using issuer = await startIssuer()
  const old = tokenBy(rsa.privateKey, 'RS256', 'a')
  await issuer.letIn(old)
  issuer.publishes(jwk(nextRsa.publicKey, { kid: 'c' }))
  issuer.clock.advance(300_000)
  expect(await issuer.letIn(old)).toBe('acme')
  await expect.poll(() => issuer.letIn(old).catch(() => 'refused')).toBe('refused')
  expect(issuer.asked()).toBe(2)
})

test('a thousand tokens of unknown kids make the issuer be asked once in 30 s', async () => {
  await using issuer = await startIssuer()
  await issuer.letIn(tokenBy(rsa.privateKey, 'RS256', 'a'))
  const hostile = Array.from({ length: 500 }, (_, index) => tokenBy(ec.privateKey, 'ES256', `${'x'.repeat(index)}`))
  hostile.push(...['__proto__', 'constructor', '../a', '', 'A'].map((kid) => tokenBy(ec.privateKey, 'ES256', kid)))
  const attack = async () => {
    const outcomes = await Promise.allSettled(hostile.map((token) => issuer.letIn(token)))
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  }
  await attack()
  expect(issuer.asked()).toBe(1)
  issuer.clock.advance(29_999)
  await attack()
  expect(issuer.asked()).toBe(1)
  issuer.clock.advance(1)
  await attack()
  await attack()
  expect(issuer.asked()).toBe(2)
})

test.each<[string, RequestListener]>([
  ['an error', (_, response) => response.writeHead(500).end(set(jwk(ec.publicKey, { kid: 'b' })))],
  ['text that is no JSON', (_, response) => response.end('<html>')],
  ['another JSON', (_, response) => response.end('{"keys":{}}')],
  ['null', (_, response) => response.end('null')],
  ['no keys', (_, response) => response.end(set())],
  ['keys for nothing we do', (_, response) => response.end(set({ kty: 'oct', k: 'AAAA', kid: 'a' }))],
  ['a thousand keys', (_, response) => response.end(set(...Array.from({ length: 1_000 }, () => jwk(ec.publicKey))))],
  ['10 MB', (_, response) => response.end(' '.repeat(10_000_000))],
  ['a redirection', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
  ['nothing', (request) => request.socket.destroy()],
  [
    'half of what it promised',
    (request, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('{"keys":[')
      setTimeout(() => request.socket.destroy(), 20)
    },
  ],
])('keys that are known stay when the issuer answers with %s; at the start it is a 503', async (_, listener) => {
  await using issuer = await startIssuer()
  const known = tokenBy(rsa.privateKey, 'RS256', 'a')
  await issuer.letIn(known)
  issuer.answers(listener)
  issuer.clock.advance(30_000)
  await expect(issuer.letIn(tokenBy(ec.privateKey, 'ES256', 'b'))).rejects.toThrow('not valid here')
  expect([issuer.asked(), await issuer.letIn(known)]).toEqual([2, 'acme'])

  await using fromTheStart = await startIssuer()
  fromTheStart.answers(listener)
  await expect(fromTheStart.letIn(known)).rejects.toMatchObject({ code: 'service.unavailable', http: 503 })
  await expect(fromTheStart.letIn(known)).rejects.toMatchObject({ code: 'service.unavailable' })
  expect(fromTheStart.asked()).toBe(1)
})

test('an issuer who hangs holds up only those who need him, and not for long', async () => {
  await using issuer = await startIssuer()
  const known = tokenBy(rsa.privateKey, 'RS256', 'a')
  await issuer.letIn(known)
  issuer.answers((_, response) => response.writeHead(200).write('{"keys":['))
  issuer.clock.advance(30_000)
  const unknown = issuer.letIn(tokenBy(ec.privateKey, 'ES256', 'b')).catch((error: unknown) => String(error))
  expect(await issuer.letIn(known)).toBe('acme')
  expect(await unknown).toContain('not valid here')
})

test.each<[string, unknown, KeyObject, Algorithm]>([
  ['for encryption', jwk(rsa.publicKey, { kid: 'x', use: 'enc' }), rsa.privateKey, 'RS256'],
  ['for signing only', jwk(rsa.publicKey, { kid: 'x', key_ops: ['sign'] }), rsa.privateKey, 'RS256'],
  ['of another algorithm', jwk(rsa.publicKey, { kid: 'x', alg: 'PS256' }), rsa.privateKey, 'PS256'],
  ['whose token chose another algorithm', jwk(rsa.publicKey, { kid: 'x' }), rsa.privateKey, 'RS384'],
  ['that is private', jwk(rsa.privateKey, { kid: 'x' }), rsa.privateKey, 'RS256'],
  ['whose modulus is an object', { ...jwk(rsa.publicKey, { kid: 'x' }), n: {} }, rsa.privateKey, 'RS256'],
])('a key %s lets nobody in', async (_, key, signer, algorithm) => {
  await using issuer = await startIssuer(set(key, jwk(ec.publicKey, { kid: 'b' })))
  await expect(issuer.letIn(tokenBy(signer, algorithm, 'x'))).rejects.toThrow('not valid here')
})

test('a set of public keys is no secret: what was signed with its text is refused', async () => {
  await using issuer = await startIssuer()
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  for (const secret of [pem, set(jwk(rsa.publicKey, { kid: 'a' })), String(jwk(rsa.publicKey).n)]) {
    const token = jwt.sign({ sub: 'acme' }, secret, { algorithm: 'HS256', expiresIn: 3_600, keyid: 'a' })
    await expect(issuer.letIn(token)).rejects.toThrow('not valid here')
  }
})

test('a token without a kid is checked with the only key there is, or not at all', async () => {
  await using issuer = await startIssuer()
  expect(await issuer.letIn(tokenBy(rsa.privateKey, 'RS256'))).toBe('acme')
  await using two = await startIssuer(set(jwk(rsa.publicKey, { kid: 'a' }), jwk(ec.publicKey, { kid: 'b' })))
  await expect(two.letIn(tokenBy(rsa.privateKey, 'RS256'))).rejects.toThrow('not valid here')
})
