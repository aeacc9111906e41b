import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { ConfigError, duration, flag, hostList, postgresUrl, readConfig, weights, wholeNumber } from '../src/index.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'magictask-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const Config = z.object({
  POSTGRES_URL: postgresUrl,
  KAFKA: hostList,
  SLOTS: wholeNumber({ min: 1, max: 256 }),
  GRACE: duration({ minMs: 1_000, maxMs: 60_000 }),
  CORS: flag,
  JWT_SECRET: z.string().min(5).optional(),
})

const right = {
  POSTGRES_URL: 'postgresql://someone:opensesame@db:5432/magictask',
  KAFKA: 'a:9092, b:9092,[::1]:9092',
  SLOTS: '64',
  GRACE: '5s',
  CORS: 'Yes',
}

function complaintAbout(env: Record<string, string>): string {
  try {
    readConfig(Config, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
  }
  throw new Error('nobody complained')
}

test('what is right is read', () => {
  expect(readConfig(Config, right)).toEqual({
    POSTGRES_URL: right.POSTGRES_URL,
    KAFKA: ['a:9092', 'b:9092', '[::1]:9092'],
    SLOTS: 64,
    GRACE: 5_000,
    CORS: true,
  })
})

test('everything wrong is named in one message, and no value is shown', () => {
  const message = complaintAbout({
    POSTGRES_URL: 'mysql://root:opensesame@db',
    KAFKA: 'opensesame',
    SLOTS: '257',
    GRACE: 'opensesame',
    CORS: 'opensesame',
    JWT_SECRET: 'open',
    JWT_PUBLIC_KEY_FILE: '/there/is/no/opensesame',
  })
  for (const name of ['POSTGRES_URL', 'KAFKA', 'SLOTS', 'GRACE', 'CORS', 'JWT_SECRET', 'JWT_PUBLIC_KEY_FILE']) {
    expect(message.split('\n').filter((line) => line.startsWith(`  ${name}: `))).toHaveLength(1)
  }
  expect(message).not.toMatch(/opensesame|mysql|257/)
})

test('an empty variable counts as missing', () => {
  expect(complaintAbout({ ...right, SLOTS: '' })).toContain('SLOTS')
  expect(readConfig(Config, { ...right, JWT_SECRET: '', JWT_SECRET_FILE: '' }).JWT_SECRET).toBeUndefined()
})

test.each(['shibboleth\n', 'shibboleth\r\n', 'shibboleth'])('a secret comes from a file that holds %j', (content) => {
  const path = join(folder, 'secret')
  writeFileSync(path, content)
  expect(readConfig(Config, { ...right, JWT_SECRET_FILE: path }).JWT_SECRET).toBe('shibboleth')
})

test('names that end in _FILE and are no secret of ours are left alone', () => {
  expect(() => readConfig(Config, { ...right, ENV_FILE: '/nowhere' })).not.toThrow()
})

const aDuration = duration({ minMs: 1, maxMs: 3_600_000 })

test.each([
  ['60s', 60_000],
  ['5m', 300_000],
  ['250ms', 250],
  ['1h', 3_600_000],
  ['1.5', 1_500],
  [' 15s ', 15_000],
])('the duration %j is %d ms', (text, ms) => {
  expect(aDuration.parse(text)).toBe(ms)
})

test.each(['', 's', '-5s', '5 s', '1e3', 'Infinity', 'NaN', '0', '2h', '5S', '1d', '٣s'])(
  '%j is no duration',
  (text) => {
    expect(aDuration.safeParse(text).success).toBe(false)
  },
)

test.each(['', '1.0', '-1', '0x10', '1e2', '٣', '1 2', '99999999999999999'])('%j is no whole number', (text) => {
  expect(wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).safeParse(text).success).toBe(false)
})

test.each(['', 'a', 'a:', ':9092', 'a:9092,', 'a:9092 b:9092', 'http://a:9092', 'a:9092/x'])(
  '%j is no list of hosts',
  (text) => {
    expect(hostList.safeParse(text).success).toBe(false)
  },
)

test('what is missing is told from what is wrong', () => {
  const schema = z.object({ HOSTS: hostList, POSTGRES_URL: postgresUrl, SPEED: wholeNumber({ min: 1, max: 9 }) })
  expect(() => readConfig(schema, { SPEED: '12' })).toThrow(
    /HOSTS: is missing\n {2}POSTGRES_URL: is missing; it has to be an address.*\n {2}SPEED: has to be a whole number/,
  )
})

test('weights are read by name, and refused as a whole where one is wrong', () => {
  const read = (text: string) => readConfig(z.object({ W: weights }), { W: text }).W
  expect([...read('acme=3, auth0|7=1000,a=b=2')]).toEqual([
    ['acme', 3],
    ['auth0|7', 1_000],
    ['a=b', 2],
  ])
  for (const wrong of ['acme', 'acme=0', 'acme=1001', 'acme=1.5', '=3', 'acme=3,,b=1', 'a b=1']) {
    expect(() => read(wrong), wrong).toThrow('W: has to be name=weight')
  }
})
