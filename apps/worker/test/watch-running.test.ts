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
  const running = { ...runningOf(task, claim), claimedAtMs: systemClock.elapsedMs(), underWay: 1 }
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

/** Why tasks were stopped in one turn a second and a half after their claim; `next` is the next of its kind. */
async function stopsOf(...states: readonly (Partial<RunningTask> & { readonly next?: true })[]) {
  const tasks = await system.submit(states.length)
  const claims = await system.claim(await system.worker(), tasks)
  const nexts = new Set<RunningTask>()
  const running = states.map(({ next, ...state }, at) => {
    const [task, claim] = [tasks[at], claims[at]]
    if (task === undefined || claim?.kind !== 'claimed') throw new Error('the claim did not win')
    const one = { ...runningOf(task, claim), ...state }
    if (next) nexts.add(one)
    return one
  })
  const onTurn = vi.fn()
  const watch = watchRunning({
    db: system.db,
    running: new Map(running.map((each) => [each.task.task_id, each])),
    taskTimeoutMs: HOUR_MS,
    isNext: (each) => nexts.has(each),
    onTurn,
    clock: { ...systemClock, elapsedMs: () => 1_500 },
    log: noLog,
  })
  await vi.waitFor(() => expect(onTurn.mock.calls.length).toBeGreaterThan(0), 10_000)
  await watch[Symbol.asyncDispose]()
  return running.map(stopReason)
}

test('what has had no slot for a second is stopped, unless it is the next one for a slot of the fleet', async () => {
  expect(await stopsOf({ next: true }, {})).toEqual([undefined, 'no-slot'])
})

test('what waits for its next call is stopped like what waits for its first; what has a call under way is not', async () => {
  const asked = { wasAsked: true }
  expect(
    await stopsOf(
      { ...asked, next: true },
      { ...asked, idleSinceMs: 100 },
      { ...asked, idleSinceMs: 1_000 },
      { ...asked, underWay: 1 },
      { underWay: 1 },
    ),
  ).toEqual(['no-slot', 'no-slot', undefined, undefined, undefined])
})
