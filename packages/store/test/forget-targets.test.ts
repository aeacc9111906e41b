import { newWorkerId } from '@magictask/runtime'
import { openStoreUnderTest, type StoreUnderTest } from '@magictask/testkit'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { forgetTargets, type QueueRoutes, registerWorker } from '../src/index.ts'

let store: StoreUnderTest
beforeEach(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
  await store.db.query(
    `insert into targets (name, state, forced, since) values ('p/used', 'closed', null, now() - interval '2 days'),
       ('p/gone', 'open', null, now() - interval '2 days'), ('q/gone', 'closed', 'open', now() - interval '2 days'),
       ('q/new', 'closed', 'open', now() - interval '23 h')`,
  )
  await store.db.query(
    `insert into rate_buckets (name, level, filled_at) values ('requests:p', 1, now() - interval '2 days'),
       ('requests:p/used', 1, now() - interval '2 days'), ('requests:p/gone', 1, now() - interval '2 days'),
       ('tokens:q', 1, now() - interval '2 days'), ('requests:q', 1, now() - interval '23 h')`,
  )
})
afterEach(() => store[Symbol.asyncDispose]())

const hire = (routes: QueueRoutes) =>
  registerWorker(store.db, { workerId: newWorkerId(), slots: 1, version: 'test', routes })
const USED: QueueRoutes = { 'text.free': [{ target: 'p/used', most: null }], 'text.paid': [] }

async function known() {
  const rows = await store.db.query<{ name: string }>(
    'select name from targets union select name from rate_buckets order by name',
  )
  return rows.map(({ name }) => name)
}

test('a model that no worker names is forgotten after a day, with its buckets, and one that is named is not', async () => {
  await hire(USED)
  await forgetTargets(store.db)
  expect(await known()).toEqual(['p/used', 'q/new', 'requests:p', 'requests:p/used', 'requests:q'])
})

test('nothing is forgotten while no worker lives, or one may ask anybody', async () => {
  const before = await known()
  await forgetTargets(store.db)
  expect(await known()).toEqual(before)
  await hire(USED)
  await hire({})
  await forgetTargets(store.db)
  expect(await known()).toEqual(before)
})
