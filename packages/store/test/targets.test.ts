import { systemClock } from '@magictask/runtime'
import { openStoreUnderTest, type StoreUnderTest } from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { CHANNELS, changeTarget, forceTarget, listen, readTargets, tradeLimits } from '../src/index.ts'

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterAll(() => store[Symbol.asyncDispose]())

const read = async (name: string) => (await readTargets(store.db)).targets.find((target) => target.name === name)

test('of those that change a target from the same revision, one does', async () => {
  const open = { name: 'p/race', seen: 0, state: 'open', reason: 'unavailable', untilInMs: 60_000 } as const
  const changes = await Promise.all(Array.from({ length: 8 }, () => changeTarget(store.db, open)))
  expect(changes.filter((change) => change !== undefined)).toMatchObject([{ state: 'open', revision: 1 }])
  expect(await changeTarget(store.db, { ...open, seen: 1, state: 'probing', most: 1 })).toMatchObject({ revision: 2 })
  expect(await changeTarget(store.db, { ...open, seen: 1 })).toBeUndefined()
  expect(await read('p/race')).toMatchObject({ state: 'probing', most: 1, revision: 2 })
})

test('it is known since when a target has not been closed, through every step between', async () => {
  await changeTarget(store.db, { name: 'p/since', seen: 0, state: 'open' })
  await store.db.query(`update targets set since = since - interval '1 minute' where name = 'p/since'`)
  await changeTarget(store.db, { name: 'p/since', seen: 1, state: 'probing', most: 1 })
  expect((await read('p/since'))?.forMs).toBeGreaterThanOrEqual(60_000)
  await changeTarget(store.db, { name: 'p/since', seen: 2, state: 'closed' })
  expect((await read('p/since'))?.forMs).toBeLessThan(60_000)
})

test("an admin's word stands against whatever is seen, until it is taken back", async () => {
  await forceTarget(store.db, 'p/forced', 'open')
  expect(await changeTarget(store.db, { name: 'p/forced', seen: 1, state: 'probing' })).toBeUndefined()
  expect(await read('p/forced')).toMatchObject({ forced: 'open', revision: 1 })
  await forceTarget(store.db, 'p/forced', undefined)
  expect(await read('p/forced')).not.toHaveProperty('forced')
  expect(await changeTarget(store.db, { name: 'p/forced', seen: 2, state: 'open' })).toBeDefined()
})

test('whoever listens hears of slots that are wanted and given back, and of targets; also after its connection broke', async () => {
  const heard: string[] = []
  const [first, second] = [await store.hire(), await store.hire()]
  const hold = (workerId: typeof first, keep: number, want: number) =>
    tradeLimits(store.db, workerId, { slots: [{ name: 'told', cap: 2, keep, want }], rates: [] })
  let listening = Promise.withResolvers<void>()
  let told = Promise.withResolvers<void>()
  await using _ = listen({
    url: store.url,
    name: 'listens',
    channels: [CHANNELS.limits, CHANNELS.targets],
    onNotice: (channel, name) => {
      heard.push(`${channel} ${name}`)
      told.resolve()
    },
    onListening: () => listening.resolve(),
    onError: () => undefined,
    clock: systemClock,
  })
  const hear = async (act: () => Promise<unknown>) => {
    told = Promise.withResolvers()
    await act()
    await told.promise
    return heard.splice(0)
  }
  await listening.promise
  await hold(first, 0, 2)
  expect(await hear(() => hold(second, 0, 1))).toEqual(['magictask_limits told'])
  expect(await hear(() => hold(first, 1, 1))).toEqual(['magictask_limits told'])
  listening = Promise.withResolvers()
  await store.db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listens' and datname = current_database()`,
  )
  await listening.promise
  expect(await hear(() => changeTarget(store.db, { name: 'p/heard', seen: 0, state: 'open' }))).toEqual([
    'magictask_targets p/heard',
  ])
})
