import { createServer, type Server, type Socket } from 'node:net'
import { Fault } from '@magictask/domain'
import { makeSubmission, openStoreUnderTest } from '@magictask/testkit'
import { expect, inject, test } from 'vitest'
import { createBatch, type Database, migrate, openDatabase, ping } from '../src/index.ts'

// INCIDENTS 7: every statement and call has a time-out on both ends

const open = (url: string): Database =>
  openDatabase({ url, name: 'test', maxConnections: 2, statementTimeoutMs: 1_000, onIdleError: () => undefined })

const unavailable = expect.objectContaining({ code: 'service.unavailable' })

/** A server that takes connections and says nothing. */
async function listenSilently(): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('a server that takes connections and says nothing is unavailable within five seconds', async () => {
  await using silent = await listenSilently()
  await using db = open(`postgres://postgres@127.0.0.1:${silent.port}/none`)
  const fiveSeconds = AbortSignal.timeout(5_000)
  await expect(createBatch(db, makeSubmission())).rejects.toEqual(unavailable)
  expect(fiveSeconds.aborted).toBe(false)
})

test('a port where nobody listens is unavailable at once, for statements, transactions and migrations', async () => {
  const silent = await listenSilently()
  await silent[Symbol.asyncDispose]()
  const url = `postgres://postgres@127.0.0.1:${silent.port}/none`
  await using db = open(url)
  await expect(ping(db)).rejects.toEqual(unavailable)
  await expect(db.transaction((queries) => ping(queries))).rejects.toEqual(unavailable)
  await expect(migrate(url)).rejects.toEqual(unavailable)
})

test('a connection that the server ends between two statements of a transaction is a fault, and no crash', async () => {
  await using store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
  const broken = store.db.transaction(async (queries) => {
    const [own] = await queries.query<{ pid: number }>('select pg_backend_pid() as pid')
    await store.db.query('select pg_terminate_backend($1)', [own?.pid])
    await new Promise((resolve) => setTimeout(resolve, 100))
    await queries.query('select 1')
  })
  await expect(broken).rejects.toEqual(unavailable)
  await ping(store.db)
})

test('a statement that takes too long is given up by the server, and the pool goes on', async () => {
  await using store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
  await using db = open(store.url)
  await expect(db.query('select pg_sleep(30)')).rejects.toEqual(unavailable)
  await expect(db.transaction((queries) => queries.query('select pg_sleep(30)'))).rejects.toEqual(unavailable)
  await ping(db)
  const [left] = await store.db.query(
    `select count(*)::int as n from pg_stat_activity where query like '%pg_sleep(30)%' and state = 'active' and pid <> pg_backend_pid()`,
  )
  expect(left).toEqual({ n: 0 })
})

test('a mistake of ours stays what it is, and its transaction leaves nothing', async () => {
  await using store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
  const { tenant, batchId, taskIds } = await store.submit()
  const wrong = store.db.transaction(async (queries) => {
    await queries.query('delete from tasks')
    await queries.query('select * from there_is_no_such_table')
  })
  await expect(wrong).rejects.not.toBeInstanceOf(Fault)
  expect(await store.db.query('select tenant, batch_id, id from tasks')).toEqual([
    { tenant, batch_id: batchId, id: taskIds[0] },
  ])
})
