import type { FaultCode } from '@magictask/domain'
import type { Answer, AskRequest } from '@magictask/models'
import type { CallRecord, EarlyAnswer } from '@magictask/store'
import { expect, test } from 'vitest'
import { execute } from '../src/execute.ts'
import { type RunningTask, stop } from '../src/running-tasks.ts'
import { ground, runningOf, taskOf } from './worker-under-test.ts'

const GOOD = '{"title":"t","sentiment":"neutral","is_spam":false}'
const facts = { provider: 'test', model: 'test-1', usage: { promptTokens: 3, completionTokens: 2 }, latencyMs: 1 }
const answered: Answer = { ...facts, kind: 'answered', json: GOOD }
const broken = (fault: FaultCode, retryAfterMs?: number): Answer => ({
  ...facts,
  kind: 'broke',
  fault,
  detail: fault,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})

const earlierCalls = (count: number) =>
  Array.from({ length: count }, () => ({
    suggestion: 0,
    provider: 'test',
    model: 'test-1',
    outcome: 'provider.timeout',
  }))

/** A fresh task under execution, with a model that answers as it is told. */
function setup(answer: (request: AskRequest, callsBefore: number, signal: AbortSignal) => Answer | Promise<Answer>) {
  const calls: CallRecord[] = []
  const early: EarlyAnswer[] = []
  let asked = 0
  const deps = {
    ...ground,
    ask: async (request: AskRequest, signal: AbortSignal) => answer(request, asked++, signal),
    inSlot: <Result>(call: () => Promise<Result>) => call(),
    mayCall: () => true,
    recordCall: (call: CallRecord) => calls.push(call),
    recordAnswer: (each: EarlyAnswer) => early.push(each),
    onAsked: () => undefined,
    sources: { catalogue: { candidates: async () => [] } },
    provider: { name: 'test', model: 'test-1' },
  }
  return { run: (running: RunningTask) => execute(deps, running), deps, calls, early }
}

test('a task with n suggestions makes n calls and has n results', async () => {
  const { run, calls, early } = setup(() => answered)
  const outcome = await run(runningOf(taskOf(undefined, { num_suggestions: 3 })))
  expect(outcome).toMatchObject({ state: 'succeeded', results: `[${GOOD},${GOOD},${GOOD}]`, provider: 'test' })
  expect(calls).toHaveLength(3)
  expect(early.map((each) => each.suggestion)).toEqual([0, 1, 2])
})

test('what is wrong with the answer is asked again at once, and once', async () => {
  const { run, calls } = setup(() => broken('answer.not_json'))
  expect(await run(runningOf(taskOf()))).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('answer.not_json'),
  })
  expect(calls.map((call) => call.outcome)).toEqual(['answer.not_json', 'answer.not_json'])
})

test('what is wrong with the service ends the turn: the task waits, two seconds doubling, or as long as Retry-After says', async () => {
  const unavailable = setup(() => broken('provider.unavailable'))
  expect(await unavailable.run(runningOf(taskOf()))).toMatchObject({ state: 'queued', counted: true, waitMs: 1_000 })
  const later = runningOf(taskOf(), { fence: 4, calls: earlierCalls(3) })
  expect(await unavailable.run(later)).toMatchObject({ state: 'queued', waitMs: 8_000 })
  const limited = setup(() => broken('provider.rate_limited', 60_000))
  expect(await limited.run(runningOf(taskOf()))).toMatchObject({ state: 'queued', waitMs: 60_000 })
})

test('six calls in all, over every claim of the task, are enough', async () => {
  const { run, calls } = setup(() => broken('provider.timeout'))
  const sixth = runningOf(taskOf(), { fence: 6, calls: earlierCalls(5) })
  expect(await run(sixth)).toMatchObject({ state: 'failed', error: expect.stringContaining('provider.timeout') })
  expect(calls).toHaveLength(1)
})

test('a retry asks only for what is missing, and says so of a task of which nothing is', async () => {
  const { run, calls } = setup(({ suggestion }) => ({ ...answered, json: `"new ${suggestion}"` }))
  const answers = new Map([
    [0, '"old 0"'],
    [2, '"old 2"'],
  ])
  expect(await run(runningOf(taskOf(undefined, { num_suggestions: 3 }), { answers }))).toMatchObject({
    state: 'succeeded',
    results: '["old 0","new 1","old 2"]',
  })
  expect(calls).toHaveLength(1)
  const whole = runningOf(taskOf(undefined, { num_suggestions: 1 }), { answers })
  expect(await run(whole)).toMatchObject({ state: 'succeeded', results: '["old 0"]' })
  expect(calls).toHaveLength(1)
})

test('one suggestion beyond hope fails the task, with the answers that are paid', async () => {
  const { run } = setup(({ suggestion }) => (suggestion === 1 ? broken('provider.bad_request') : answered))
  expect(await run(runningOf(taskOf(undefined, { num_suggestions: 2 })))).toMatchObject({
    state: 'failed',
    results: `[${GOOD}]`,
  })
})

/** A model that answers only when it is aborted. */
const hanging = (_request: AskRequest, _before: number, signal: AbortSignal) =>
  new Promise<Answer>((resolve) =>
    signal.addEventListener('abort', () => resolve({ ...facts, usage: {}, kind: 'aborted' })),
  )

test('what stops a task decides what becomes of it', async () => {
  const { run, calls } = setup(hanging)
  const stopped = async (why: Parameters<typeof stop>[1]) => {
    const running = runningOf(taskOf())
    const outcome = run(running)
    setImmediate(() => stop(running, why))
    return outcome
  }
  expect(await stopped('lost')).toBeUndefined()
  expect(await stopped('shutdown')).toMatchObject({ state: 'queued', counted: false, waitMs: 0 })
  expect(await stopped('no-slot')).toMatchObject({ state: 'queued', counted: false, waitMs: 0 })
  expect(await stopped('deadline')).toMatchObject({ state: 'expired', error: expect.stringContaining('task.expired') })
  expect(await stopped('timeout')).toMatchObject({ state: 'queued', counted: true, waitMs: 1_000 })
  // A time-out is a call that was made and broke; the others say nothing about the model.
  expect(calls.map((call) => call.outcome)).toEqual(['aborted', 'aborted', 'aborted', 'aborted', 'provider.timeout'])
})

test('a worker that may not call starts nothing, and the task waits uncounted', async () => {
  const { deps, calls } = setup(() => answered)
  const outcome = await execute({ ...deps, mayCall: () => false }, runningOf(taskOf()))
  expect(outcome).toMatchObject({ state: 'queued', counted: false })
  expect(calls).toHaveLength(0)
})

test('a defect of ours is a value too: it is tried again, and fails the task in the end', async () => {
  const { run } = setup(() => {
    throw new Error('no ask may throw')
  })
  expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'queued', counted: true })
  expect(await run(runningOf(taskOf(), { tries: 5 }))).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('worker.defect'),
  })
  expect(await run(runningOf(taskOf(undefined, { magicType: 'nobody_knows' })))).toMatchObject({
    state: 'queued',
    counted: true,
  })
})
