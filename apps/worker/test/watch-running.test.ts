import { noLog, systemClock } from '@magictask/runtime'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { watchRunning } from '../src/loops/watch-running.ts'
import { type RunningTask, stopReason } from '../src/running-tasks.ts'
import { runningOf, setup } from './worker-under-test.ts'

let system: Awaited<ReturnType<typeof setup>>
beforeAll(async () => {
  system = await setup()
})
afterAll(() => system[Symbol.asyncDispose]())

const HOUR_MS = 3_600_000

/** A task that runs on a worker whose wall clock is off. */
async function runningUntil(deadline: Date, clockIsOffMs: number) {
  const tasks = await system.submit(1, { deadline })
  const [claim] = await system.claim(await system.worker(), tasks)
  const [task] = tasks
  if (task === undefined || claim?.kind !== 'claimed') throw new Error('The claim did not win')
  const running = { ...runningOf(task, claim), claimedAtMs: systemClock.elapsedMs(), callStarted: true }
  const clock = { ...systemClock, now: () => new Date(Date.now() + clockIsOffMs) }
  const onTurn = vi.fn()
  const all = new Map([[task.task_id, running]])
  const watch = watchRunning({
    db: system.db,
    running: all,
    taskTimeoutMs: HOUR_MS,
    isNext: () => false,
    onTurn,
    clock,
    log: noLog,
  })
  return { running, onTurn, watch }
}

test('a worker whose clock is an hour fast expires nothing before its time', async () => {
  const { running, onTurn, watch } = await runningUntil(new Date(Date.now() + HOUR_MS / 2), HOUR_MS)
  await vi.waitFor(() => expect(onTurn.mock.calls.length).toBeGreaterThan(2), 10_000)
  await watch[Symbol.asyncDispose]()
  expect(stopReason(running)).toBeUndefined()
})

test('a worker whose clock is an hour slow expires what is late all the same', async () => {
  const { running, watch } = await runningUntil(new Date(Date.now() + 2_000), -HOUR_MS)
  await vi.waitFor(() => expect(stopReason(running)).toBe('deadline'), 10_000)
  await watch[Symbol.asyncDispose]()
})

test('what has had no slot for a second is stopped, unless it is the next one for a slot of the fleet', async () => {
  const [next, other] = (await system.submit(2)).map((task) => runningOf(task))
  if (next === undefined || other === undefined) throw new Error('nothing was submitted')
  const all = new Map([next, other].map((running) => [running.task.task_id, running]))
  const clock = { ...systemClock, elapsedMs: () => 1_500 }
  const isNext = (running: RunningTask) => running === next
  const onTurn = vi.fn()
  const watch = watchRunning({ db: system.db, running: all, taskTimeoutMs: HOUR_MS, isNext, onTurn, clock, log: noLog })
  await vi.waitFor(() => expect(onTurn.mock.calls.length).toBeGreaterThan(0), 10_000)
  await watch[Symbol.asyncDispose]()
  expect([next, other].map((running) => running.stopping.signal.reason)).toEqual(['lost', 'no-slot'])
})
