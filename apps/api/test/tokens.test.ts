import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { TenantId } from '@magictask/domain'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthenticator, publicKey, secretKey, signToken } from '../src/index.ts'
import { type ApiUnderTest, GENERATE, SECRET, startApiUnderTest, tokenFor } from './api-under-test.ts'

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const signed = (header: unknown, payload: unknown, secret = SECRET, hash = 'sha256') => {
  const text = `${part(header)}.${part(payload)}`
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
}
const HS256 = { alg: 'HS256', typ: 'JWT' }
const later = Math.floor(Date.now() / 1000) + 600
const good = { sub: 'acme', exp: later }
const asymmetric = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rs256 = (payload: unknown, key: KeyObject, alg = 'RS256') => {
  const text = `${part({ alg, typ: 'JWT' })}.${part(payload)}`
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}
const valid = signed(HS256, good)
const [head = '', body = '', seal = ''] = valid.split('.')

/** Tokens that let nobody in. Each is put behind `Bearer `. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ['nothing but dots', '..'],
  ['one dot', '.'],
  ['a word', 'token'],
  ['two parts', `${head}.${body}`],
  ['four parts', `${valid}.${seal}`],
  ['no signature', `${head}.${body}.`],
  ['a signature cut short', valid.slice(0, -2)],
  ['a signature of zeros', `${head}.${body}.${Buffer.alloc(32).toString('base64url')}`],
  ['another payload under the signature', `${head}.${part({ ...good, sub: 'root' })}.${seal}`],
  ['another header under the signature', `${part({ alg: 'HS256' })}.${body}.${seal}`],
  ['another secret', signed(HS256, good, 'x'.repeat(32))],
  ['an empty secret', signed(HS256, good, '')],
  ['alg none', `${part({ alg: 'none', typ: 'JWT' })}.${body}.`],
  ['alg None with a signature', `${part({ alg: 'None' })}.${body}.${seal}`],
  ['alg NONE', `${part({ alg: 'NONE' })}.${body}.`],
  ['alg nOnE and HMAC', signed({ alg: 'nOnE' }, good)],
  ['no alg', signed({ typ: 'JWT' }, good)],
  ['alg null', signed({ alg: null }, good)],
  ['alg a list', signed({ alg: ['HS256'] }, good)],
  ['alg a number', signed({ alg: 256 }, good)],
  ['alg an object', signed({ alg: { toString: 'HS256' } }, good)],
  ['alg in small letters', signed({ alg: 'hs256' }, good)],
  ['alg HS384', signed({ alg: 'HS384' }, good, SECRET, 'sha384')],
  ['alg HS512', signed({ alg: 'HS512' }, good, SECRET, 'sha512')],
  ['alg RS256', rs256(good, asymmetric.privateKey)],
  ['alg that every object has', signed({ alg: 'constructor' }, good)],
  ['a header that is no JSON', signed('{', good)],
  ['a header that is null', signed('null', good)],
  ['a header that is a list', signed('[]', good)],
  ['a header that is text', signed('"HS256"', good)],
  ['a critical extension', signed({ ...HS256, crit: ['exp'] }, good)],
  ['an unencoded payload', signed({ ...HS256, b64: false, crit: ['b64'] }, good)],
  ['a payload that is no JSON', signed(HS256, 'hello')],
  ['a payload that is null', signed(HS256, 'null')],
  ['a payload that is a list', signed(HS256, [good])],
  ['a payload that is a number', signed(HS256, '1')],
  ['a payload that is text', signed(HS256, '"acme"')],
  ['an empty payload', signed(HS256, '')],
  ['a payload of a million brackets', signed(HS256, '['.repeat(20_000))],
  ['no exp', signed(HS256, { sub: 'acme' })],
  ['exp null', signed(HS256, { ...good, exp: null })],
  ['exp as text', signed(HS256, { ...good, exp: String(later) })],
  ['exp without end', signed(HS256, '{"sub":"acme","exp":1e999}')],
  ['exp that is true', signed(HS256, { ...good, exp: true })],
  ['exp that is zero', signed(HS256, { ...good, exp: 0 })],
  ['exp before all time', signed(HS256, { ...good, exp: -1 })],
  ['expired a second ago', signed(HS256, { ...good, exp: later - 601 })],
  ['not yet valid', signed(HS256, { ...good, nbf: later })],
  ['nbf as text', signed(HS256, { ...good, nbf: 'now' })],
  ['no tenant', signed(HS256, { exp: later })],
  ['an empty sub', signed(HS256, { ...good, sub: '' })],
  ['a sub that is a number', signed(HS256, { ...good, sub: 1 })],
  ['a sub that is an object', signed(HS256, { ...good, sub: { $ne: null } })],
  ['a sub with a blank', signed(HS256, { ...good, sub: 'a b' })],
  ['a sub with a line break', signed(HS256, { ...good, sub: 'a\r\nX: y' })],
  ['a sub with NUL', signed(HS256, { ...good, sub: 'a\0' })],
  ['a sub of another script', signed(HS256, { ...good, sub: 'аcme' })],
  ['a sub that is too long', signed(HS256, { ...good, sub: 'x'.repeat(129) })],
  ['an empty tenant', signed(HS256, { ...good, tenant: '' })],
  ['a tenant that is null', signed(HS256, { ...good, tenant: null })],
  ['a tenant that is a list', signed(HS256, { ...good, tenant: ['acme'] })],
  ['an unknown tier', signed(HS256, { ...good, tier: 'gold' })],
  ['a tier that every object has', signed(HS256, { ...good, tier: '__proto__' })],
  ['a tier that is a number', signed(HS256, { ...good, tier: 1 })],
  ['a scope that is a list', signed(HS256, { ...good, scope: ['read'] })],
  ['a scope that is null', signed(HS256, { ...good, scope: null })],
  ['100 KB', signed(HS256, { ...good, pad: 'x'.repeat(75_000) }, 'x'.repeat(32))],
  ['100 KB of letters', 'x'.repeat(100_000)],
  ['100 KB of dots', '.'.repeat(100_000)],
  ['characters outside base64url', `${head}.${body}.${seal}=`],
  ['standard base64', valid.replaceAll('-', '+').replaceAll('_', '/').replace(/.$/, '=')],
  ['markup', '<script>alert(1)</script>'],
  ['a quote', `${valid}'or'1'='1`],
  ['percent signs', '%00%0d%0a'],
]

const HOSTILE_HEADERS: readonly (readonly [string, string])[] = [
  ['no scheme', valid],
  ['another scheme', `Basic ${valid}`],
  ['Bearer alone', 'Bearer'],
  ['Bearer and a blank', 'Bearer '],
  ['two tokens', `Bearer ${valid} ${valid}`],
  ['a list', `Bearer ${valid}, Bearer ${valid}`],
  ['quotes', `Bearer "${valid}"`],
  ['a tab', `Bearer\t${valid}`],
]

describe('over HTTP', () => {
  let sut: ApiUnderTest
  beforeAll(async () => {
    sut = await startApiUnderTest()
  })
  afterAll(() => sut[Symbol.asyncDispose]())

  test.each([...HOSTILE.map(([name, token]) => [name, `Bearer ${token}`] as const), ...HOSTILE_HEADERS])(
    '%s is a 401 with WWW-Authenticate',
    async (_, authorization) => {
      const answer = await sut.http('/api/public/v1/tasks', { headers: { authorization } })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_(?:token|request)"/)
    },
  )

  test('no header is a 401, on every route, before the body is looked at', async () => {
    for (const [path, method] of [
      ['/api/public/v1/tasks', 'GET'],
      [GENERATE, 'POST'],
      ['/api/public/v1/tasks/x', 'DELETE'],
    ] as const) {
      const answer = await sut.http(path, { method, headers: { authorization: '' } })
      expect(answer.json).toMatchObject({ status: 401, code: 'auth.missing' })
    }
  })

  test('a good token is let in, whatever the case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect(
        (await sut.http('/api/public/v1/tasks', { headers: { authorization: `${scheme} ${valid}` } })).status,
      ).toBe(200)
    }
  })

  test('an expired token says so', async () => {
    const answer = await sut.http.withToken(signed(HS256, { ...good, exp: later - 700 }))('/api/public/v1/tasks')
    expect(answer.json).toMatchObject({ code: 'auth.token_expired' })
  })

  test('a missing scope is a 403 that names it', async () => {
    const reader = sut.http.withToken(tokenFor('acme', ['read']))
    const answer = await reader(GENERATE, { method: 'POST', json: [] })
    expect(answer.json).toMatchObject({ status: 403, code: 'auth.scope_missing' })
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope", scope="generate"')
    expect((await reader('/api/public/v1/tasks')).status).toBe(200)
    expect((await sut.http.withToken(tokenFor('acme', ['admin']))('/api/public/v1/tasks')).status).toBe(403)
    expect((await sut.http.withToken(signed(HS256, { ...good, scope: '' }))('/api/public/v1/tasks')).status).toBe(403)
  })
})

const ask = (authorization: string, others: Record<string, string> = {}) => ({ headers: { authorization, ...others } })

test('issuer and audience are checked where they are set', async () => {
  const key = secretKey(SECRET)
  const authenticate = createAuthenticator({ ...(key && { key }), issuer: 'us', audience: 'magictask' })
  const token = (claims: object) => `Bearer ${signed(HS256, { ...good, ...claims })}`
  expect(await authenticate(ask(token({ iss: 'us', aud: ['x', 'magictask'] })))).toMatchObject({ tenant: 'acme' })
  for (const claims of [
    {},
    { iss: 'us' },
    { iss: 'them', aud: 'magictask' },
    { iss: 'us', aud: 'x' },
    { iss: ['us'], aud: {} },
  ]) {
    await expect(authenticate(ask(token(claims)))).rejects.toThrow('not valid here')
  }
})

test.each([
  ['RSA', asymmetric, 'RS256'],
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ES256'],
] as const)(
  'a public key (%s) lets in what it signed, and never what was signed with its own text as a secret',
  async (_, pair, algorithm) => {
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const key = publicKey(pem.replaceAll('\n', '\\n'))
    expect(key?.algorithm).toBe(algorithm)
    const authenticate = createAuthenticator({ ...(key && { key }) })
    const text = `${part({ alg: algorithm })}.${part(good)}`
    const own = sign('sha256', Buffer.from(text), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString(
      'base64url',
    )
    expect(await authenticate(ask(`Bearer ${text}.${own}`))).toMatchObject({ tenant: 'acme' })
    for (const token of [signed(HS256, good, pem), signed({ alg: algorithm }, good, pem), valid]) {
      await expect(authenticate(ask(`Bearer ${token}`))).rejects.toThrow('not valid here')
    }
  },
)

test('keys that are too weak, private, or none at all are no keys', () => {
  const pem = (key: KeyObject, type: 'spki' | 'pkcs8') => key.export({ type, format: 'pem' }).toString()
  expect(secretKey('x'.repeat(31))).toBeUndefined()
  expect(publicKey(pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey, 'spki'))).toBeUndefined()
  expect(publicKey(pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey, 'spki'))).toBeUndefined()
  expect(publicKey(pem(generateKeyPairSync('ed25519').publicKey, 'spki'))).toBeUndefined()
  expect(publicKey(pem(asymmetric.privateKey, 'pkcs8'))).toBeUndefined()
  expect(publicKey('hello')).toBeUndefined()
})

test('the service token asks for the tenant of its header, and administrates nothing', async () => {
  const authenticate = createAuthenticator({ serviceToken: 'between-services-1' })
  expect(await authenticate(ask('Bearer between-services-1', { 'x-tenant-id': 'acme' }))).toEqual({
    tenant: 'acme',
    tier: 'free',
    scopes: ['generate', 'read', 'cancel'],
  })
  await expect(authenticate(ask('Bearer between-services-1'))).rejects.toThrow('X-Tenant-Id')
  await expect(authenticate(ask('Bearer between-services-1', { 'x-tenant-id': 'a b' }))).rejects.toThrow('X-Tenant-Id')
  for (const wrong of ['between-services-2', 'between-services-', valid]) {
    await expect(authenticate(ask(`Bearer ${wrong}`, { 'x-tenant-id': 'acme' }))).rejects.toThrow('not valid here')
  }
})

test('what is signed here is accepted here', async () => {
  const key = secretKey(SECRET)
  const tenant = TenantId.parse('demo@example.org')
  const token = signToken({
    secret: SECRET,
    tenant,
    tier: 'paid',
    scopes: ['read'],
    expiresInSeconds: 60,
    issuer: 'i',
    audience: 'a',
  })
  const authenticate = createAuthenticator({ ...(key && { key }), issuer: 'i', audience: 'a' })
  expect(await authenticate(ask(`Bearer ${token}`))).toEqual({ tenant, tier: 'paid', scopes: ['read'] })
})
