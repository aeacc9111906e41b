import { noLog, readConfig, systemClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { ApiConfig, tokenRules, waitingCaps } from '../src/index.ts'

const deps = { clock: systemClock, log: noLog }

const good = {
  POSTGRES_URL: 'postgres://user:hunter2@db:5432/app',
  KAFKA_BOOTSTRAP_SERVERS: 'kafka:9092',
  JWT_SECRET: 'x'.repeat(32),
}

test('the defaults are those of the documents', () => {
  const config = readConfig(ApiConfig, good)
  expect(config).toMatchObject({
    LLM_PORT: 8080,
    LLM_ENABLE_CORS: true,
    WORKER_LEASE: 15_000,
    KAFKA_TOPIC: 'magic-task',
  })
  expect(waitingCaps(config)).toEqual({ perTenant: 200_000, total: 2_000_000 })
  expect(tokenRules(config, deps)).toMatchObject({ key: { algorithm: 'HS256' } })
})

test('everything that is wrong is named at once, and no value is shown', () => {
  const env = {
    POSTGRES_URL: 'mysql://hunter2',
    JWT_SECRET: 'hunter2',
    LLM_PORT: 'x',
    LLM_ENABLE_CORS: 'maybe',
    MAX_WAITING: '0',
    KAFKA_PARTITIONS: '-1',
  }
  const read = () => readConfig(ApiConfig, env)
  for (const name of [...Object.keys(env), 'KAFKA_BOOTSTRAP_SERVERS']) expect(read).toThrow(name)
  expect(read).not.toThrow('hunter2')
})

test('an empty environment is told what it lacks', () => {
  const read = () => readConfig(ApiConfig, {})
  for (const name of ['POSTGRES_URL', 'KAFKA_BOOTSTRAP_SERVERS', 'JWT_SECRET']) expect(read).toThrow(name)
})

test('a service token alone is enough, and two keys are one too many', () => {
  const { JWT_SECRET: _, ...rest } = good
  expect(tokenRules(readConfig(ApiConfig, { ...rest, LLM_AUTH_TOKEN: 'between-services-1' }), deps)).toEqual({
    serviceToken: 'between-services-1',
  })
  expect(() => readConfig(ApiConfig, { ...good, JWT_PUBLIC_KEY: 'x' })).toThrow('JWT_PUBLIC_KEY')
})

test.each([
  'https://issuer.example/keys',
  'http://localhost:1/keys',
  'http://127.0.0.1/keys',
  'http://[::1]:8080/keys',
])('keys may be fetched from %s', (url) => {
  const { JWT_SECRET: _, ...rest } = good
  const rules = tokenRules(readConfig(ApiConfig, { ...rest, JWT_JWKS_URL: url }), deps)
  expect(rules).toEqual({ remoteKeys: expect.anything() })
})

test.each([
  'http://issuer.example/keys',
  'http://127.0.0.1.example/keys',
  'http://localhost.example/keys',
  'http://127.0.0.1@issuer.example/keys',
  'https://hunter2@issuer.example/keys',
  'ftp://issuer.example/keys',
  'file:///keys',
  'keys',
])('keys are not fetched from %s', (url) => {
  const { JWT_SECRET: _, ...rest } = good
  const read = () => readConfig(ApiConfig, { ...rest, JWT_JWKS_URL: url })
  expect(read).toThrow('JWT_JWKS_URL: has to be an https address')
  expect(read).not.toThrow('hunter2')
})

test('keys come from one place', () => {
  const env = { ...good, JWT_JWKS_URL: 'https://issuer.example/keys' }
  expect(() => readConfig(ApiConfig, env)).toThrow('JWT_JWKS_URL: cannot be set together with JWT_SECRET')
})
