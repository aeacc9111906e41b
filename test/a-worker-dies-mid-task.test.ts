import { expect, test } from 'vitest'
import { item, items, NOTHING_LEFT, startSystem, until, whatIsLeft, workerOf } from './running-system.ts'

const SLOTS = 16

test('workers are killed and replaced under load: nothing is lost, nothing ends twice, at most the calls in flight are paid again', async () => {
  await using system = await startSystem({ workers: 3, latencyMs: 300 })
  const { batch_id } = await system.submit(items(400))
  let inFlight = 0
  for (const [n, atCalls] of [40, 120, 200].entries()) {
    await until(() => system.model.calls().length >= atCalls)
    inFlight += SLOTS
    system.workers[n]?.kill('SIGKILL')
    await system.startWorker(n)
  }
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { submitted: 400, succeeded: 400 } })
  expect(system.model.calls().length).toBeLessThanOrEqual(400 + inFlight)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 120_000)

test('a retry after a death asks only for the answers that are missing', async () => {
  // The third answer never comes while the first worker lives; the two others are stored within 100 ms.
  await using system = await startSystem({
    workers: 1,
    script: (call) => (call.earlier >= 2 && workerOf(call) === 'worker-0' ? { kind: 'hang' } : undefined),
  })
  const { batch_id, tasks } = await system.submit([item('three answers', { num_suggestions: 3 })])
  await until(async () => (await system.db.query('select from answers')).length === 2)
  system.workers[0]?.kill('SIGKILL')
  await system.startWorker(1)
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done' })
  expect((await system.task(tasks[0]?.task_id ?? '')).results).toHaveLength(3)
  expect(system.model.calls()).toHaveLength(4)
}, 60_000)

test('a task that kills every worker that runs it is failed as poison, and those beside it succeed', async () => {
  const killed = new Set<string>()
  let last = 0
  await using system = await startSystem({
    workers: 2,
    latencyMs: 50,
    script: (call) => {
      if (!call.content.includes('the killer')) return undefined
      killed.add(workerOf(call))
      return { kind: 'hang' }
    },
  })
  const alive = new Map(system.workers.map((worker, n) => [`worker-${n}`, worker]))
  last = alive.size
  const { batch_id, tasks } = await system.submit([item('the killer'), ...items(60)])
  let over = false
  const reaper = (async () => {
    while (!over) {
      for (const [name, worker] of alive) {
        if (!killed.has(name)) continue
        alive.delete(name)
        worker.kill('SIGKILL')
        const n = last++
        alive.set(`worker-${n}`, await system.startWorker(n))
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  expect(await system.ended(batch_id)).toMatchObject({ status: 'error', counts: { succeeded: 60, failed: 1 } })
  over = true
  await reaper
  expect(await system.task(tasks[0]?.task_id ?? '')).toMatchObject({ status: 'failed', error: { code: 'task.poison' } })
  expect(killed.size).toBe(5)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 180_000)

test('a worker that is frozen past its lease and wakes changes nothing: its late writes are refused', async () => {
  await using system = await startSystem({ workers: 1, latencyMs: 1_500 })
  const { batch_id } = await system.submit(items(8))
  await until(() => system.model.calls().length === 8)
  system.workers[0]?.kill('SIGSTOP')
  await system.startWorker(1)
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 8 } })
  const before = await system.db.query('select task_id, results from results order by task_id')
  system.workers[0]?.kill('SIGCONT')
  // The woken one answers for what it thinks it runs, finds its row gone, and registers anew.
  await until(async () => (await system.db.query('select from workers')).length === 2)
  await until(async () => (await system.db.query('select from model_calls')).length === 16)
  expect(await system.db.query('select task_id, results from results order by task_id')).toEqual(before)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 90_000)
