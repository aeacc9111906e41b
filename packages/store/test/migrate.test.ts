import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { TENANT } from '@magictask/testkit'
import { expect, inject, test } from 'vitest'
import { countWaiting, createTemporaryDatabase, migrate, openDatabase } from '../src/index.ts'

const INDEX = new URL('../src/index.ts', import.meta.url).href
const FOLDER = fileURLToPath(new URL('.', import.meta.url))

/** Migrates in a process of its own. */
const migrateElsewhere = (url: string) =>
  promisify(execFile)(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `
    const { migrate } = await import(${JSON.stringify(INDEX)})
    await migrate(process.argv[1])
  `,
      url,
    ],
    { cwd: FOLDER },
  )

// four starts at once on an empty database
test('four processes at once bring an empty database up to date, and once more changes nothing', async () => {
  await using database = await createTemporaryDatabase(inject('postgresUrl'))
  await Promise.all(Array.from({ length: 4 }, () => migrateElsewhere(database.url)))
  await using db = openDatabase({
    url: database.url,
    name: 'test',
    maxConnections: 1,
    statementTimeoutMs: 5_000,
    onIdleError: () => undefined,
  })
  expect(await countWaiting(db, TENANT)).toBe(0)
  const tables = () =>
    db.query(
      `select relname, relispartition from pg_class where relnamespace = 'public'::regnamespace order by relname`,
    )
  const before = await tables()
  await migrate(database.url)
  expect(await tables()).toEqual(before)
  expect(
    await db.query('select count(*)::int as n from pg_inherits where inhparent = $1::regclass', ['tasks']),
  ).toEqual([{ n: 8 }])
})
