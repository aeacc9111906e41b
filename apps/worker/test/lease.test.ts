import { readBeats, rescueTasks } from '@magictask/store'
import { expect, test } from 'vitest'
import { type LeaseDeps, takeLease } from '../src/lease.ts'
import { ground, setup } from './worker-under-test.ts'

/** A lease that beats every 20 ms. */
const fast = (db: LeaseDeps['db'], more: Partial<LeaseDeps> = {}): LeaseDeps => ({
  ...ground,
  db,
  leaseMs: 80,
  slots: 8,
  routes: { 'text.free': [{ target: 'p/m', most: 2 }] },
  version: 'test',
  load: () => ({ running: 3, settledPerSecond: 1.5 }),
  known: () => [],
  onUnknown: () => undefined,
  ...more,
})

test('a lease beats with its load, and is gone after a clean end', async () => {
  await using bundle = await setup()
  const lease = await takeLease(fast(bundle.db))
  while ((await readBeats(bundle.db)).every(({ beat }) => beat < 2)) await ground.clock.sleep(10)
  expect(await bundle.db.query('select worker_id, running, settled_per_s, routes from workers')).toEqual([
    { worker_id: lease.id(), running: 3, settled_per_s: 1.5, routes: { 'text.free': [{ target: 'p/m', most: 2 }] } },
  ])
  expect(lease.holds()).toBe(true)
  await lease[Symbol.asyncDispose]()
  expect(await readBeats(bundle.db)).toEqual([])
})

test('a worker that was taken for dead goes on under a fresh id', async () => {
  await using bundle = await setup()
  await using lease = await takeLease(fast(bundle.db))
  const first = lease.id()
  await bundle.db.query('delete from workers')
  while (lease.id() === first) await ground.clock.sleep(10)
  while ((await readBeats(bundle.db)).length === 0) await ground.clock.sleep(10)
  expect((await readBeats(bundle.db)).map((beat) => beat.workerId)).toEqual([lease.id()])
})

test('a worker that cannot renew knows that it holds nothing', async () => {
  await using bundle = await setup()
  let away = false
  const query: typeof bundle.db.query = (text, values) =>
    away ? Promise.reject(new Error('away')) : bundle.db.query(text, values)
  await using lease = await takeLease(fast({ ...bundle.db, query }))
  away = true
  while (lease.holds()) await ground.clock.sleep(10)
  away = false
  while (!lease.holds()) await ground.clock.sleep(10)
})

test('a claim whose answer was lost is found by comparing rows with memory, and is told once it is older than any statement', async () => {
  await using bundle = await setup()
  const tasks = await bundle.submit(2)
  const unknown: string[] = []
  const known = [tasks[0]?.task_id].flatMap((id) => id ?? [])
  await using lease = await takeLease(
    fast(bundle.db, { known: () => known, onUnknown: (held) => unknown.push(...held.map((claim) => claim.taskId)) }),
  )
  await bundle.claim(lease.id(), tasks)
  await bundle.db.query(`update tasks set claimed_at = now() - interval '1 minute'`)
  while (unknown.length === 0) await ground.clock.sleep(10)
  expect(new Set(unknown)).toEqual(new Set([tasks[1]?.task_id]))
  expect(await rescueTasks(bundle.db, [])).toEqual({ queued: [], poisoned: [] })
})
