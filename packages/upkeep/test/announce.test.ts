import { cancelBatch, expireTasks, getTask, settleTasks, takeResults } from '@magictask/store'
import { succeeded, TENANT } from '@magictask/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { announce, startAnnouncer } from '../src/index.ts'
import { openUpkeepUnderTest, rejecting, type UpkeepUnderTest } from './upkeep-under-test.ts'

// PROTOCOL 5; promise 6

let upkeep: UpkeepUnderTest
beforeEach(async () => {
  upkeep = await openUpkeepUnderTest()
})
afterEach(() => upkeep[Symbol.asyncDispose]())

const age = () => upkeep.db.query(`update result_outbox set created_at = now() - interval '3 s'`)
const outbox = () => takeResults(upkeep.db, { olderThanMs: 0, limit: 500 })

async function settled(results: string) {
  const { taskIds } = await upkeep.submit()
  const claims = await upkeep.claim(await upkeep.hire(), taskIds)
  await settleTasks(upkeep.db, { outcomes: claims.map((claim) => succeeded(claim, results)), calls: [], answers: [] })
  return taskIds
}

test('a result whose worker died before it told anybody is published by the relay, and struck off', async () => {
  const results = '[{"title":"最後一天",  "b":[1.0,"\\u2028"]}]'
  const [taskId] = await settled(results)
  await age()
  await using _announcer = startAnnouncer(upkeep.deps)
  await upkeep.until(() => upkeep.results.length > 0)
  expect(upkeep.results).toMatchObject([{ key: taskId, value: expect.stringContaining(`"results":${results}`) }])
  await upkeep.until(async () => (await outbox()).length === 0)
  expect(taskId && (await getTask(upkeep.db, TENANT, taskId))?.results).toBe(results)
})

test('a result is left to its worker for two seconds', async () => {
  await settled('[1]')
  const young = await takeResults(upkeep.db, { olderThanMs: 2_000, limit: 500 })
  expect(young).toEqual([])
  expect(await outbox()).toHaveLength(1)
})

test('whoever publishes a result, and however often, its bytes are the same', async () => {
  await settled('[{"b":1,"a":2}]')
  const rows = await outbox()
  await announce(upkeep.deps, rows)
  await announce(upkeep.deps, rows)
  await upkeep.until(() => upkeep.results.length >= 2)
  expect(new Set(upkeep.results.map((record) => record.value)).size).toBe(1)
})

test('a broker that is away strikes nothing off', async () => {
  await settled('[1]')
  await expect(announce({ ...upkeep.deps, publisher: rejecting }, await outbox())).rejects.toThrow()
  expect(await outbox()).toHaveLength(1)
  await announce(upkeep.deps, await outbox())
  expect(await outbox()).toEqual([])
})

test('what was cancelled or expired is announced too, a thousand as well as one', async () => {
  const { batchId } = await upkeep.submit({ count: 1_100 })
  await cancelBatch(upkeep.db, TENANT, batchId)
  await upkeep.submit({ count: 3, deadline: new Date(Date.now() - 1) })
  expect(await expireTasks(upkeep.db)).toBe(3)
  await age()
  await using _announcer = startAnnouncer(upkeep.deps)
  await upkeep.until(() => upkeep.results.length >= 1_103)
  expect(upkeep.results.filter((record) => record.value.includes('"expired"'))).toHaveLength(3)
  expect(new Set(upkeep.results.map((record) => record.key)).size).toBe(1_103)
})
