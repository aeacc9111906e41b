import { newWorkerId } from '@magictask/runtime'
import { markReleased, settleTasks } from '@magictask/store'
import { recordOf, succeeded } from '@magictask/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startRelay } from '../src/index.ts'
import { openUpkeepUnderTest, rejecting, type UpkeepUnderTest } from './upkeep-under-test.ts'

// PROTOCOL 3

let upkeep: UpkeepUnderTest
beforeEach(async () => {
  upkeep = await openUpkeepUnderTest()
})
afterEach(() => upkeep[Symbol.asyncDispose]())

const runOut = () => upkeep.db.query(`update waiting set released_until = now() where released_until is not null`)
const keysOf = () => new Set(upkeep.tasks.map((task) => task.key))

test('what was submitted is put on Kafka once, byte for byte, however many relays there are', async () => {
  const { taskIds } = await upkeep.submit({ count: 50 })
  await upkeep.db.query('update waiting set released_until = null')
  await using _relays = startMany(4)
  await upkeep.until(() => upkeep.tasks.length >= 50)
  expect(keysOf()).toEqual(new Set(taskIds))
  expect(upkeep.tasks).toHaveLength(50)
  expect(upkeep.tasks.every(({ key, value }) => value === recordOf(taskIds.find((id) => id === key) ?? fail()))).toBe(
    true,
  )
})

function fail(): never {
  throw new Error('a record of no task')
}

function startMany(count: number): AsyncDisposable {
  const stack = new AsyncDisposableStack()
  for (let n = 0; n < count; n++) stack.use(startRelay({ ...upkeep.deps, holder: newWorkerId() }))
  return stack
}

// marked, then crashed
test('what was marked by a relay that died before it published is released again', async () => {
  const { taskIds } = await upkeep.submit({ count: 10 })
  await upkeep.db.query('update waiting set released_until = null')
  expect((await markReleased(upkeep.db, { leaseMs: 1, taskIds, holder: newWorkerId() })).tasks).toHaveLength(10)
  await using _relay = startRelay(upkeep.deps)
  await runOut()
  await upkeep.until(() => upkeep.tasks.length >= 10)
  expect(keysOf()).toEqual(new Set(taskIds))
})

test('a broker that is away loses nothing: the relay goes on, and what it marked is released when it is back', async () => {
  const { taskIds } = await upkeep.submit({ count: 10 })
  const errors: unknown[] = []
  const log = { ...upkeep.deps.log, warn: (...line: readonly unknown[]) => errors.push(line) }
  {
    await using _relay = startRelay({ ...upkeep.deps, log, publisher: rejecting })
    await upkeep.until(async () => {
      await runOut()
      return errors.length >= 2
    })
  }
  expect(upkeep.tasks).toEqual([])
  await runOut()
  await using _relay = startRelay(upkeep.deps)
  await upkeep.until(() => upkeep.tasks.length >= 10)
  expect(keysOf()).toEqual(new Set(taskIds))
})

test('a task that nobody takes is tried on other partitions', async () => {
  await upkeep.submit()
  await using _relay = startRelay(upkeep.deps)
  await upkeep.until(async () => {
    await runOut()
    return new Set(upkeep.tasks.map((task) => task.partition)).size > 1
  })
  expect(keysOf().size).toBe(1)
})

test('what waits for a target that came back is released, also where nobody woke it', async () => {
  await upkeep.db.query(`insert into targets (name, state) values ('p/m', 'open')`)
  const { taskIds } = await upkeep.submit()
  await upkeep.db.query(`update waiting set released_until = null, due_at = now() + interval '1 h', waits_for = 'p/m'`)
  await using _relay = startRelay(upkeep.deps)
  const others = await upkeep.submit()
  await upkeep.db.query('update waiting set released_until = null where task_id = any($1)', [others.taskIds])
  await upkeep.until(() => upkeep.tasks.length > 0)
  expect(keysOf()).toEqual(new Set(others.taskIds))
  await upkeep.db.query(`update targets set state = 'ramping'`)
  await upkeep.until(() => upkeep.tasks.length > 1)
  expect(keysOf()).toEqual(new Set([...others.taskIds, ...taskIds]))
})

test('more than a window of tasks flows through as they are taken', async () => {
  const { taskIds } = await upkeep.submit({ count: 400 })
  const worker = await upkeep.hire()
  await using _relay = startRelay(upkeep.deps)
  await runOut()
  let ended = 0
  await upkeep.until(async () => {
    const known = keysOf()
    const claims = await upkeep.claim(
      worker,
      taskIds.filter((id) => known.has(id)),
    )
    await settleTasks(upkeep.db, { outcomes: claims.map((claim) => succeeded(claim)), calls: [], answers: [] })
    ended += claims.length
    return ended === 400
  })
  expect(keysOf()).toEqual(new Set(taskIds))
})
