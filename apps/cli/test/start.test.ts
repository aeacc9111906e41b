import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { startModelServer } from '@magictask/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProject, type Project } from './cli-under-test.ts'

let project: Project

beforeAll(async () => {
  project = await createProject()
})
afterAll(() => project[Symbol.asyncDispose]())

test('--once runs the sample of the seed, shows two results for each task, and ends with 0', async () => {
  await using run = project.run(['start', '--once'], { launcher: true })
  expect(await run.exited).toBe(0)
  const shown = run.stdout()
  expect(shown).toContain('限時下殺！買一送一活動開跑啦，快邀朋友一起搶購！')
  expect(shown).toContain('最後一天！立即入手最優惠的方案')
  expect(shown).toContain('2 of 2 tasks succeeded')
  expect(shown.match(/│ (?:positive|neutral|negative) *│ (?:true|false) *│/g)).toHaveLength(4)
  expect(shown).toContain('offline: answers are made by plain rules')
  expect(shown).toMatch(/PostgreSQL +embedded, its data in \//)
  expect(shown).toMatch(/broker +memory broker/)
  expect(run.stderr()).toBe('')
}, 60_000)

test('start serves on: the curl that it prints works when pasted, and a token of the token command too', async () => {
  await using run = project.run(['start'], { env: { LLM_PORT: '0' } })
  await run.saying(/Serving until Ctrl-C/)
  const [command = ''] = /^curl .*?'$/ms.exec(run.stdout()) ?? []
  const answer = JSON.parse(spawnSync('bash', ['-c', command], { encoding: 'utf8' }).stdout)
  expect(answer).toMatchObject({ status: 'done', tasks: [{ status: 'succeeded', results: [{}, {}] }] })

  await using token = project.run(['token', '--tenant', 'acme', '--tier', 'paid'])
  expect(await token.exited).toBe(0)
  expect(token.stdout()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  const [, address = ''] = /API +(\S+)/.exec(run.stdout()) ?? []
  const asked = await fetch(`${address}/api/public/v1/tasks/${answer.tasks[0].task_id}`, {
    headers: { authorization: `Bearer ${token.stdout().trim()}` },
  })
  expect(asked.status).toBe(404) // known, but another tenant's

  await using second = project.run(['start', '--once'])
  expect(await second.exited).toBe(2)
  expect(second.stderr()).toContain(`process ${run.pid}`)

  run.child.kill('SIGINT')
  expect(await run.exited).toBe(0)
  expect(run.stderr()).toBe('')
}, 60_000)

test('a start that was killed in the middle of its work is no trouble for the next', async () => {
  await using model = await startModelServer({ script: () => ({ kind: 'hang' }) })
  const env = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: model.baseUrl }
  await using run = project.run(['start', '--once'], { env })
  await until(() => model.calls().length === 4)
  run.child.kill('SIGKILL')
  await run.exited
  await using next = project.run(['start', '--once'])
  expect(await next.exited).toBe(0)
}, 60_000)

test('a key that is refused is on the screen in one line, without the key, and readiness lists who does not answer', async () => {
  await using model = await startModelServer({ script: () => ({ kind: 'status', status: 401 }) })
  const env = { OPENAI_API_KEY: 'sk-nobody-may-see', OPENAI_BASE_URL: model.baseUrl, LLM_PORT: '0' }
  await using own = await createProject()
  await using run = own.run(['start'], { env })
  const [line] = await run.saying(/^Tasks may have to wait.*$/m)
  expect(line).toContain("openai/gpt-4o-mini: The provider refused the service's key.")
  const [, address = ''] = /API +(\S+)/.exec(run.stdout()) ?? []
  const ready = await fetch(`${address}/readyz?verbose`)
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    {
      ok: true,
      notes: [
        {},
        { name: 'target openai/gpt-4o-mini', says: expect.stringContaining('auth_refused') },
        // The key is the provider's.
        { name: 'target openai/text-embedding-3-small', says: expect.stringContaining('auth_refused') },
      ],
    },
  ])
  run.child.kill('SIGINT')
  expect(await run.exited).toBe(0)
  expect(run.stdout().match(/Tasks may have to wait/g)).toHaveLength(1)
  expect(run.stdout() + run.stderr()).not.toContain('sk-nobody')
}, 60_000)

test('SIGTERM ends it in the middle of its work, with nothing to see but a word', async () => {
  await using model = await startModelServer({ script: () => ({ kind: 'hang' }) })
  const env = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: model.baseUrl, SHUTDOWN_GRACE: '0' }
  await using run = project.run(['start', '--once'], { env, launcher: true })
  await until(() => model.calls().length > 0)
  run.child.kill('SIGTERM')
  expect(await run.exited).toBe(143)
  expect(run.stderr()).toBe('Stopped. What is not done goes on at the next start.\n')
}, 60_000)

test('--once ends with 1 when a task fails, and says why', async () => {
  await using model = await startModelServer({ script: () => ({ kind: 'status', status: 400 }) })
  const env = { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: model.baseUrl }
  await using run = project.run(['start', '--once'], { env })
  expect(await run.exited).toBe(1)
  expect(run.stdout()).toContain('provider.bad_request')
}, 60_000)

test('a taken port is named, with the way out', async () => {
  await using taken = await listening()
  await using run = project.run(['start'], { env: { LLM_PORT: String(taken.port) } })
  expect(await run.exited).toBe(2)
  expect(run.stderr()).toContain(`Port ${taken.port} is taken`)
  expect(run.stderr()).toContain(`LLM_PORT=${taken.port + 1} npm start`)
})

test('a wrong environment ends it at once, with one message that names every variable', async () => {
  const env = {
    LLM_PORT: 'eighty',
    LLM_MAX_WORKERS: '0',
    MAX_WAITING: 'all',
    WORKER_LEASE: '15 parsecs',
    KAFKA_BOOTSTRAP_SERVERS: 'nowhere',
    POSTGRES_URL: 'mysql://user:secret@host/db',
    JWT_SECRET: 'short',
    OPENAI_BASE_URL: 'file:///etc/passwd',
    LOG_LEVEL: 'loud',
  }
  await using run = project.run(['start', '--once'], { env })
  expect(await run.exited).toBe(2)
  for (const name of Object.keys(env)) expect(run.stderr()).toContain(`  ${name}: `)
  expect(run.stderr()).not.toContain('secret')
  expect(run.stdout()).toBe('')
})

test('a PostgreSQL that cannot be reached is named, without its password', async () => {
  await using run = project.run(['start', '--once'], { env: { POSTGRES_URL: 'postgres://me:hidden@127.0.0.1:1/db' } })
  expect(await run.exited).toBe(1)
  expect(run.stderr()).toBe('PostgreSQL at 127.0.0.1:1/db cannot be reached\n')
})

test('the token command keeps the secret that it makes, for its owner alone, and a broken one is named', async () => {
  await using own = await createProject()
  const secretFile = join(own.folder, '.magictask', 'jwt-secret')
  await using first = own.run(['token'])
  expect(await first.exited).toBe(0)
  const secret = readFileSync(secretFile, 'utf8')
  expect(secret.length).toBeGreaterThanOrEqual(32)
  expect(statSync(secretFile).mode & 0o777).toBe(0o600)
  await using second = own.run(['token'])
  expect(await second.exited).toBe(0)
  expect(readFileSync(secretFile, 'utf8')).toBe(secret)

  writeFileSync(secretFile, 'short')
  await using broken = own.run(['token'])
  expect(await broken.exited).toBe(2)
  expect(broken.stderr()).toContain(secretFile)
})

test.each([
  [['token', '--tenant', 'two words'], 'visible ASCII'],
  [['start', '--again'], '--file'],
])('%j is refused with 2', async (args, why) => {
  await using run = project.run(args)
  expect(await run.exited).toBe(2)
  expect(run.stderr()).toContain(why)
  expect(run.stdout()).toBe('')
})

test('the claim of a process whose number is another’s now is no hindrance', async () => {
  await using own = await createProject()
  mkdirSync(join(own.folder, '.magictask'))
  writeFileSync(join(own.folder, '.magictask', 'process'), `${process.pid} of another boot`)
  const env = { POSTGRES_URL: 'postgres://127.0.0.1:1/db' } // it gets as far as the database
  await using run = own.run(['start', '--once'], { env })
  expect(await run.exited).toBe(1)
})

async function listening(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('it has no port')
  return { port: address.port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}
