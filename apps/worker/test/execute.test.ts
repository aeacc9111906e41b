import { expect, test, vi } from 'vitest'
import { execute } from '../src/execute.ts'
import { stop } from '../src/running-tasks.ts'
import { callsBefore, GOOD, good, ONE, setup, TWO } from './execution-under-test.ts'
import { answered, broken, hanging } from './scripted-models.ts'
import { runningOf, taskOf } from './worker-under-test.ts'

test('a task with n suggestions makes n calls and has n results', async () => {
  const { run, calls, early, ended } = setup(good)
  const outcome = await run(runningOf(taskOf(undefined, { num_suggestions: 3 })))
  expect(outcome).toMatchObject({
    state: 'succeeded',
    results: `[${GOOD},${GOOD},${GOOD}]`,
    provider: 'one',
    model: 'm',
    degraded: false,
    cached: false,
  })
  expect(calls).toHaveLength(3)
  expect(calls[0]).toMatchObject({ promptTokens: 3, costMicroUsd: 7, outcome: 'answered', probe: false })
  expect(early.map((each) => each.suggestion)).toEqual([0, 1, 2])
  expect(ended).toHaveLength(3)
})

test('a retry asks only for what is missing, and says so of a task of which nothing is', async () => {
  const { run, calls } = setup(({ suggestion }) => answered(ONE, `"new ${suggestion}"`))
  const answers = new Map([
    [0, '"old 0"'],
    [2, '"old 2"'],
  ])
  expect(await run(runningOf(taskOf(undefined, { num_suggestions: 3 }), { answers }))).toMatchObject({
    state: 'succeeded',
    results: '["old 0","new 1","old 2"]',
  })
  expect(calls).toHaveLength(1)
  const whole = runningOf(taskOf(undefined, { num_suggestions: 1 }), { answers, calls: callsBefore('answered') })
  expect(await run(whole)).toMatchObject({ state: 'succeeded', results: '["old 0"]', provider: 'one' })
  expect(calls).toHaveLength(1)
})
test('what a call needs and for whom is known to the admission', async () => {
  const { run, wishes } = setup(good)
  await run(runningOf(taskOf(undefined, { content: 'x'.repeat(40_000), tier: 'paid', lane: 'high' })))
  expect(wishes).toMatchObject([{ queue: 'text.paid', lane: 'high', magicType: 'title_optimize', tenant: 'acme' }])
  expect(wishes[0]?.needs.contextTokens).toBeGreaterThan(10_000)
})

test('what stops a task decides what becomes of it', async () => {
  const { run, calls } = setup(hanging(ONE))
  const stopped = async (why: Parameters<typeof stop>[1]) => {
    const running = runningOf(taskOf())
    const outcome = run(running)
    setImmediate(() => stop(running, why))
    return outcome
  }
  expect(await stopped('lost')).toBeUndefined()
  expect(await stopped('shutdown')).toMatchObject({ state: 'queued', counted: false, waitMs: 0 })
  expect(await stopped('no-slot')).toMatchObject({ state: 'queued', counted: false, waitMs: 2_000 })
  expect(await stopped('deadline')).toMatchObject({ state: 'expired', error: expect.stringContaining('task.expired') })
  expect(await stopped('timeout')).toMatchObject({ state: 'queued', counted: true, waitMs: 1_000 })
  // A time-out is a call that was made and broke; the others say nothing about the model.
  expect(calls.map((call) => call.outcome)).toEqual(['aborted', 'aborted', 'aborted', 'aborted', 'provider.timeout'])
})

test('a task that is stopped while it waits for its turn makes no call', async () => {
  const { run, calls, doors } = setup(good)
  doors.away.add(ONE)
  const running = runningOf(taskOf())
  const outcome = run(running)
  setImmediate(() => stop(running, 'no-slot'))
  expect(await outcome).toMatchObject({ state: 'queued', counted: false, waitMs: 0 })
  expect(calls).toHaveLength(0)
})

test('a task waits for its turn only while nothing of it is under way: no call, and nothing that it looks up', async () => {
  const { deps, doors, asked, clock } = setup(hanging(ONE))
  const found = Promise.withResolvers<never[]>()
  const sources = { catalogue: { candidates: () => found.promise } }
  const mapping = runningOf(taskOf(undefined, { magicType: 'sku_mapping' }))
  const looksUp = execute({ ...deps, sources }, mapping)
  expect(mapping.underWay).toBe(1)
  clock.advance(5_000)
  found.resolve([])
  await looksUp
  expect(mapping).toMatchObject({ underWay: 0, idleSinceMs: 5_000 })

  const several = runningOf(taskOf(undefined, { num_suggestions: 2 }))
  const asks = execute(deps, several)
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  expect(several).toMatchObject({ underWay: 2, wasAsked: true })
  doors.away.add(ONE)
  stop(several, 'shutdown')
  await asks
  expect(several.underWay).toBe(0)
})

test('a worker that may not call starts nothing, and the task waits uncounted', async () => {
  const { deps, calls } = setup(good)
  const outcome = await execute({ ...deps, mayCall: () => false }, runningOf(taskOf()))
  expect(outcome).toMatchObject({ state: 'queued', counted: false })
  expect(calls).toHaveLength(0)
})

test('a defect of ours is a value too: it is tried again, and fails the task in the end', async () => {
  const { run, ended } = setup(() => {
    throw new Error('no ask may throw')
  })
  expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'queued', counted: true })
  expect(ended).toMatchObject([{ kind: 'aborted' }])
  expect(await run(runningOf(taskOf(), { tries: 5 }))).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('worker.defect'),
  })
  expect(await run(runningOf(taskOf(undefined, { magicType: 'nobody_knows' })))).toMatchObject({
    state: 'queued',
    counted: true,
  })
})

test('where nobody is left but one that is out, for a key or for anything else, the task waits for it, and for none that is out where others may answer', async () => {
  const { run, doors } = setup(hanging(ONE), hanging(TWO))
  const parkedAfter = async (...outcomes: readonly string[]) => {
    const running = runningOf(taskOf(), { calls: callsBefore(...outcomes) })
    const outcome = run(running)
    setImmediate(() => stop(running, 'no-slot'))
    return outcome
  }
  doors.away.add(ONE).add(TWO)
  doors.refused.add(TWO)
  expect(await parkedAfter('answer.refused')).toMatchObject({
    state: 'queued',
    counted: false,
    waitMs: 60_000,
    waitsFor: TWO,
    outRevision: 7,
  })
  expect(await parkedAfter('provider.unavailable')).not.toHaveProperty('waitsFor')
  doors.refused.delete(TWO)
  expect(await parkedAfter('answer.refused')).not.toHaveProperty('waitsFor')
  doors.out.add(TWO)
  expect(await parkedAfter('answer.refused')).toMatchObject({ counted: false, waitMs: 4_000, waitsFor: TWO })
})

test('of several that are out the task waits for the one that is looked at first', async () => {
  const { run, doors } = setup(() => broken(ONE, 'provider.unavailable'), hanging(TWO))
  doors.away.add(TWO)
  doors.out.add(ONE)
  expect(await run(runningOf(taskOf()))).not.toHaveProperty('waitsFor')
  doors.refused.add(TWO)
  expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'queued', waitMs: 4_000, waitsFor: ONE })
})

test('a task whose call met a refused key, while another provider is only busy, does not wait for the key', async () => {
  const { run, doors } = setup(() => broken(ONE, 'provider.auth_refused'), hanging(TWO))
  doors.away.add(TWO)
  doors.refused.add(ONE)
  const outcome = await run(runningOf(taskOf()))
  expect(outcome).toMatchObject({ state: 'queued' })
  expect(outcome).not.toHaveProperty('waitsFor')
  doors.refused.add(TWO)
  expect(await run(runningOf(taskOf()))).toMatchObject({ waitMs: 60_000, waitsFor: ONE })
})
