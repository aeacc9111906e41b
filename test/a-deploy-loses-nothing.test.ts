import { expect, test } from 'vitest'
import { items, NOTHING_LEFT, startSystem, whatIsLeft, workerOf } from './running-system.ts'

test('a rolling SIGTERM under load finishes what is in flight: nothing is paid twice', async () => {
  await using system = await startSystem({ workers: 2, latencyMs: 400 })
  const { batch_id } = await system.submit(items(300))
  for (const n of [0, 1]) {
    await system.startWorker(n + 2)
    system.workers[n]?.kill('SIGTERM')
    expect(await system.workers[n]?.exited).toBe(0)
  }
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 300 } })
  expect(system.model.calls()).toHaveLength(300)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 90_000)

test('what the grace time cuts off is given back, uncounted, and done by the next worker', async () => {
  await using system = await startSystem({
    workers: 1,
    env: { SHUTDOWN_GRACE: '1s' },
    script: (call) => (workerOf(call) === 'worker-0' ? { kind: 'hang' } : undefined),
  })
  const { batch_id, tasks } = await system.submit(items(4))
  while (system.model.calls().length < 4) await new Promise((resolve) => setTimeout(resolve, 20))
  system.workers[0]?.kill('SIGTERM')
  expect(await system.workers[0]?.exited).toBe(0)
  const rows = await system.db.query('select state, tries, deaths from tasks')
  expect(rows).toEqual(tasks.map(() => ({ state: 'queued', tries: 0, deaths: 0 })))
  await system.startWorker(1)
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done' })
}, 60_000)

test('an api that is replaced under load loses no submission', async () => {
  await using system = await startSystem({ workers: 1, latencyMs: 50 })
  const { batch_id } = await system.submit(items(100))
  system.api.kill('SIGTERM')
  expect(await system.api.exited).toBe(0)
  const left = async () =>
    (await system.db.query('select from batches where batch_id = $1 and finished_at is not null', [batch_id]))
      .length === 0
  while (await left()) await new Promise((resolve) => setTimeout(resolve, 100))
  expect(system.model.calls()).toHaveLength(100)
}, 60_000)
