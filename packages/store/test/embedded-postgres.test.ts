import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FolderInUse, openDatabase, startEmbeddedPostgres } from '../src/index.ts'

/** A folder that PostgreSQL's user may reach, removed afterwards. */
async function openFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const outside = await mkdtemp(join(tmpdir(), 'magictask-embedded-'))
  await chmod(outside, 0o711)
  return {
    path: join(outside, 'postgres'),
    async [Symbol.asyncDispose]() {
      await rm(outside, { recursive: true, force: true })
    },
  }
}

const start = (folder: string) => startEmbeddedPostgres({ dataDir: folder, rootDataDir: folder, durable: false })

async function ask(url: string, question: string): Promise<unknown> {
  const options = { name: 'test', maxConnections: 1, statementTimeoutMs: 10_000, onIdleError: () => undefined }
  await using db = openDatabase({ url, ...options })
  const [row] = await db.query<{ answer: unknown }>(question)
  return row?.answer
}

test('text is counted in characters and sorted alike everywhere, whatever the locale of the machine', async () => {
  await using folder = await openFolder()
  await using postgres = await start(folder.path)
  expect(await ask(postgres.url, `select length('買一送一') as answer`)).toBe(4)
  expect(await ask(postgres.url, `select upper('é') as answer`)).toBe('É')
  expect(await ask(postgres.url, `select 'B' < 'a' as answer`)).toBe(true)
})

test('what was stored is there after a stop and a start', async () => {
  await using folder = await openFolder()
  {
    await using postgres = await start(folder.path)
    await ask(postgres.url, 'create table kept as select 7 as answer')
  }
  await using again = await start(folder.path)
  expect(await ask(again.url, 'select answer from kept')).toBe(7)
})

test('a server that a killed process left behind is taken over, with what it had committed', async () => {
  await using folder = await openFolder()
  const killed = spawnHolder(folder.path)
  const url = await lineOf(killed)
  await ask(url, 'create table kept as select 7 as answer')
  killed.kill('SIGKILL')
  await once(killed, 'exit')

  await using postgres = await start(folder.path)
  expect(postgres.url).toBe(url)
  expect(await ask(postgres.url, 'select answer from kept')).toBe(7)
})

test('a second process is told which one has the folder', async () => {
  await using folder = await openFolder()
  const first = spawnHolder(folder.path)
  await lineOf(first)
  await expect(start(folder.path)).rejects.toMatchObject({ name: 'FolderInUse', pid: first.pid })
  await expect(start(folder.path)).rejects.toBeInstanceOf(FolderInUse)
  first.kill('SIGTERM')
  await once(first, 'exit')
})

test('of several that start at once in a new folder, one has it', async () => {
  await using folder = await openFolder()
  const holders = Array.from({ length: 4 }, () => spawnHolder(folder.path))
  const said = await Promise.all(holders.map(lineOf))
  expect(said.filter((line) => line.startsWith('postgres://'))).toHaveLength(1)
  expect(said.filter((line) => line.includes('already running'))).toHaveLength(3)
  for (const holder of holders) if (holder.exitCode === null) holder.kill('SIGTERM')
  await Promise.all(holders.map((holder) => holder.exitCode ?? once(holder, 'exit')))
})

test('an initialisation that was cut off is begun again', async () => {
  await using folder = await openFolder()
  {
    await using _once = await start(folder.path)
  }
  await rm(join(folder.path, 'data', 'PG_VERSION'))
  await rm(join(folder.path, 'data'), { recursive: true })
  await writeFile(join(folder.path, 'data.new'), 'half')
  await using postgres = await start(folder.path)
  expect(await ask(postgres.url, 'select 1 as answer')).toBe(1)
})

test('after a crash of the server a restart has what was committed, on the same address', async () => {
  await using folder = await openFolder()
  await using postgres = await start(folder.path)
  await ask(postgres.url, 'create table kept as select 7 as answer')
  await postgres.crash()
  await postgres.restart()
  expect(await ask(postgres.url, 'select answer from kept')).toBe(7)
})

test('nobody gets in without the password, which only its user can read', async () => {
  await using folder = await openFolder()
  await using postgres = await start(folder.path)
  const withoutPassword = new URL(postgres.url)
  withoutPassword.password = 'guessed'
  await expect(ask(withoutPassword.href, 'select 1 as answer')).rejects.toThrow(/password authentication failed/)
  expect((await stat(join(folder.path, 'password'))).mode & 0o077).toBe(0)
  expect(await ask(postgres.url, `select current_setting('listen_addresses') as answer`)).toBe('127.0.0.1')
})

/** A process that starts the database, prints its URL, or why not, and ends it on SIGTERM. */
function spawnHolder(folder: string): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'hold-postgres.ts'), folder], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function lineOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the process has no output to read')
  const [line] = await once(child.stdout, 'data')
  return String(line).trim()
}
