import { newWorkerId, systemClock, testClock } from '@magictask/runtime'
import { readBeats, registerWorker, renewLease, tradeLimits } from '@magictask/store'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startRescue, startUpkeep } from '../src/index.ts'
import { openUpkeepUnderTest, type UpkeepUnderTest } from './upkeep-under-test.ts'

// PROTOCOL 2; INCIDENTS 6, 9

let upkeep: UpkeepUnderTest
beforeEach(async () => {
  upkeep = await openUpkeepUnderTest()
})
afterEach(() => upkeep[Symbol.asyncDispose]())

/** Every pause takes no time but what the test's clock makes of it. */
function hurried() {
  const clock = testClock('2026-01-01T00:00:00Z')
  return {
    ...clock,
    async sleep(ms: number, signal?: AbortSignal) {
      await systemClock.sleep(1, signal)
      clock.advance(ms)
    },
  }
}

test('the tasks of a silent worker wait again after its lease, and those of one that beats stay', async () => {
  const [silent, alive] = [newWorkerId(), newWorkerId()]
  for (const workerId of [silent, alive]) await registerWorker(upkeep.db, { workerId, slots: 8, version: 'test' })
  const [lost, kept] = [await upkeep.submit({ count: 3 }), await upkeep.submit({ count: 3 })]
  await upkeep.claim(silent, lost.taskIds)
  await upkeep.claim(alive, kept.taskIds)
  const clock = hurried()
  const startedMs = clock.elapsedMs()
  await using _rescue = startRescue({ ...upkeep.deps, leaseMs: 15_000, clock })
  await upkeep.until(async () => {
    await renewLease(upkeep.db, alive, { running: 3, settledPerSecond: 0 })
    return (await upkeep.db.query('select 1 from waiting')).length === 3
  })
  expect(clock.elapsedMs() - startedMs).toBeGreaterThanOrEqual(15_000)
  expect((await readBeats(upkeep.db)).map((beat) => beat.workerId)).not.toContain(silent)
  expect(await upkeep.db.query(`select id from tasks where state = 'running' order by id`)).toEqual(
    kept.taskIds.map((id) => ({ id })),
  )
})

test('a worker whose beat is late wants nothing any more of limits, and holds what it holds until it is dead', async () => {
  const [silent, alive] = [newWorkerId(), newWorkerId()]
  for (const workerId of [silent, alive]) {
    await registerWorker(upkeep.db, { workerId, slots: 8, version: 'test' })
    await tradeLimits(upkeep.db, workerId, { slots: [{ name: 'all', cap: 2, keep: 0, want: 4 }], rates: [] })
  }
  const rows = () => upkeep.db.query<Held>('select worker_id, held, wanted from slots_held order by held desc')
  await using _rescue = startRescue({ ...upkeep.deps, leaseMs: 15_000, clock: hurried() })
  const seen: (readonly Held[])[] = []
  await upkeep.until(async () => {
    await renewLease(upkeep.db, alive, { running: 0, settledPerSecond: 0 })
    seen.push(await rows())
    return seen.at(-1)?.length === 1
  })
  const late = [
    { worker_id: silent, held: 2, wanted: 0 },
    { worker_id: alive, held: 0, wanted: 4 },
  ]
  expect(seen).toContainEqual(late)
  expect(seen.at(-1)).toEqual(late.slice(1))
})

interface Held {
  readonly worker_id: string
  readonly held: number
  readonly wanted: number
}

test('where more tasks are orphaned than are taken at once, the next are taken a second later', async () => {
  for (const workerId of [newWorkerId(), newWorkerId(), newWorkerId()]) {
    await registerWorker(upkeep.db, { workerId, slots: 8, version: 'test' })
    const { taskIds } = await upkeep.submit({ count: 600 })
    await upkeep.claim(workerId, taskIds)
  }
  await upkeep.db.query('delete from workers')
  const clock = hurried()
  const rescuedAtMs: number[] = []
  const telemetry = { ...upkeep.deps.telemetry, record: () => void rescuedAtMs.push(clock.elapsedMs()) }
  await using _rescue = startRescue({ ...upkeep.deps, telemetry, leaseMs: 15_000, clock })
  await upkeep.until(async () => (await upkeep.db.query('select 1 from waiting')).length === 1_800)
  await upkeep.until(() => rescuedAtMs.length === 2)
  expect(rescuedAtMs.map((ms) => ms - (rescuedAtMs[0] ?? 0))).toEqual([0, 1_000])
})

test('all of upkeep starts, turns and stops, and stopping it twice is harmless', async () => {
  const { taskIds } = await upkeep.submit({ count: 5 })
  const all = startUpkeep({ ...upkeep.deps, leaseMs: 15_000 })
  await upkeep.db.query('update waiting set released_until = now()')
  await upkeep.until(() => upkeep.tasks.length >= 5)
  expect(new Set(all.loops.map((loop) => loop.name)).size).toBe(all.loops.length)
  await Promise.all([all[Symbol.asyncDispose](), all[Symbol.asyncDispose]()])
  expect(new Set(upkeep.tasks.map((task) => task.key))).toEqual(new Set(taskIds))
})
