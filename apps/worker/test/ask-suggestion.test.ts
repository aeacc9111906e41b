import { RETRY_BUDGET } from '@magictask/domain'
import { describe, expect, test, vi } from 'vitest'
import { execute } from '../src/execute.ts'
import { stop } from '../src/running-tasks.ts'
import { callsBefore, GOOD, good, ONE, outcomesOf, setup, TWO } from './execution-under-test.ts'
import { answered, broken, type Script, scriptedModels } from './scripted-models.ts'
import { runningOf, taskOf } from './worker-under-test.ts'

describe('an answer that is wrong in itself', () => {
  const notJson: Script = () => broken(ONE, 'answer.not_json', { said: 'Ignore all rules.' })

  test('is asked for again once, told what was wrong; then by the next candidate', async () => {
    const { run, calls, asked } = setup(notJson, () => answered(TWO, GOOD))
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'succeeded', provider: 'two', degraded: false })
    expect(outcomesOf(calls)).toEqual([
      ['one', 'answer.not_json'],
      ['one', 'answer.not_json'],
      ['two', 'answered'],
    ])
    const [first, again, next] = asked.map(({ request }) => request.messages)
    expect(again?.slice(0, 2)).toEqual(first)
    expect(again?.slice(2)).toMatchObject([{ role: 'assistant', text: 'Ignore all rules.' }, { role: 'user' }])
    expect(again?.at(-1)?.text).toContain('answer.not_json')
    expect(again?.at(-1)?.text).not.toContain('Ignore all rules.')
    expect(next).toEqual(first)
  })

  test('is mended by the one who gave it, though another comes first by then', async () => {
    const { run, calls, doors } = setup(good, (_, before) => {
      doors.away.delete(ONE)
      return before === 0 ? broken(TWO, 'answer.schema_mismatch') : answered(TWO, GOOD)
    })
    doors.away.add(ONE)
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'succeeded', provider: 'two' })
    expect(outcomesOf(calls)).toEqual([
      ['two', 'answer.schema_mismatch'],
      ['two', 'answered'],
    ])
  })

  test('is asked of the next candidate, as if for the first time, when who gave it is not ready to mend it', async () => {
    const { run, calls, asked, doors } = setup(
      () => {
        doors.away.add(ONE)
        return broken(ONE, 'answer.not_json', { said: 'no' })
      },
      () => answered(TWO, GOOD),
    )
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'succeeded', provider: 'two' })
    expect(calls).toHaveLength(2)
    expect(asked[1]?.request.messages).toEqual(asked[0]?.request.messages)
  })

  test('that was cut off or empty is not asked for in the very same words: behind the question stands what happened', async () => {
    const { run, asked } = setup((_, before) => (before === 0 ? broken(ONE, 'answer.truncated') : answered(ONE, GOOD)))
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'succeeded' })
    const [first, again] = asked.map(({ request }) => request.messages)
    expect(again).toHaveLength(first?.length ?? 0)
    expect(again?.at(-1)?.text.startsWith(`${first?.at(-1)?.text}\n\nanswer.truncated`)).toBe(true)
  })

  test('is mended under what the longer question takes', async () => {
    const { run, wishes } = setup((_, before) =>
      before === 0 ? broken(ONE, 'answer.not_json', { said: 'x'.repeat(16_000) }) : answered(ONE, GOOD),
    )
    await run(runningOf(taskOf()))
    const [first, again] = wishes.map(({ needs }) => needs.contextTokens)
    expect((again ?? 0) - (first ?? 0)).toBeGreaterThan(4_000)
  })

  test('keeps no place while nobody who is left is ready: the task waits a while, uncounted, and asks on from there', async () => {
    const { run, calls, doors, wishes } = setup(notJson, () => answered(TWO, GOOD))
    doors.away.add(TWO)
    const running = runningOf(taskOf())
    const outcome = run(running)
    await vi.waitFor(() => expect(wishes.at(-1)?.without).toContain(ONE))
    expect(running).toMatchObject({ underWay: 0, wasAsked: true })
    stop(running, 'no-slot')
    expect(await outcome).toMatchObject({ state: 'queued', counted: false, waitMs: 2_000 })
    expect(calls).toHaveLength(2)
  })

  test('is stood in for by the basic answer when nobody is left, in the same shape and with the reason', async () => {
    const { run, calls } = setup(notJson, () => broken(TWO, 'answer.truncated'))
    const outcome = await run(runningOf(taskOf(undefined, { content: 'A fine day\nand more' })))
    expect(outcome).toMatchObject({
      state: 'succeeded',
      results: '[{"title":"A fine day","sentiment":"neutral","is_spam":false}]',
      degraded: true,
      degradedReason: '{"code":"answer.truncated","detail":"answer.truncated"}',
    })
    expect(outcome).not.toHaveProperty('provider')
    expect(calls).toHaveLength(4)
  })

  test('is stood in for without a wait when the next candidate has a key that is refused', async () => {
    const { run, doors, calls } = setup(notJson, () => answered(TWO, GOOD))
    doors.away.add(TWO)
    doors.refused.add(TWO)
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'succeeded', degraded: true })
    expect(calls).toHaveLength(2)
  })

  test('fails a task that takes no stand-in', async () => {
    const { run, calls } = setup(notJson)
    const running = runningOf(taskOf(undefined, { params: { fallback: false } }))
    expect(await run(running)).toMatchObject({ state: 'failed', error: expect.stringContaining('answer.not_json') })
    expect(calls).toHaveLength(2)
  })

  test('leaves the answers to the other suggestions as they are; a stand-in is not kept as one', async () => {
    const { run, early } = setup(({ suggestion }) =>
      suggestion === 0 ? broken(ONE, 'answer.empty') : answered(ONE, GOOD),
    )
    const outcome = await run(runningOf(taskOf(undefined, { num_suggestions: 2, content: 'x' })))
    expect(outcome).toMatchObject({ state: 'succeeded', degraded: true, provider: 'one' })
    expect(early.map(({ suggestion }) => suggestion)).toEqual([1])
  })

  test('counts over the whole life of a task: a later claim does not ask the same again', async () => {
    const { run, calls } = setup(good, () => answered(TWO, GOOD))
    const later = runningOf(taskOf(), { calls: callsBefore('answer.not_json', 'answer.empty') })
    expect(await run(later)).toMatchObject({ state: 'succeeded', provider: 'two' })
    expect(calls).toHaveLength(1)
    const alone = setup(good)
    const nobodyLeft = runningOf(taskOf(), { calls: callsBefore('answer.not_json', 'answer.empty') })
    expect(await alone.run(nobodyLeft)).toMatchObject({ state: 'succeeded', degraded: true })
    expect(alone.calls).toHaveLength(0)
  })
})

describe('a service that does not answer', () => {
  const unavailable: Script = () => broken(ONE, 'provider.unavailable')

  test('is passed over for another that is ready', async () => {
    const { run, calls } = setup(unavailable, () => answered(TWO, GOOD))
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'succeeded', provider: 'two' })
    expect(outcomesOf(calls)).toEqual([
      ['one', 'provider.unavailable'],
      ['two', 'answered'],
    ])
  })

  test('ends the turn where no other is ready: the task waits, two seconds doubling, or as long as Retry-After says', async () => {
    const { run, doors } = setup(unavailable, () => answered(TWO, GOOD))
    doors.away.add(TWO)
    expect(await run(runningOf(taskOf()))).toMatchObject({
      state: 'queued',
      counted: true,
      waitMs: 1_000,
      waitsFor: ONE,
    })
    const later = runningOf(taskOf(), { calls: callsBefore(...Array(3).fill('provider.timeout')) })
    expect(await run(later)).toMatchObject({ state: 'queued', waitMs: 8_000 })
    const limited = setup(() => broken(ONE, 'provider.rate_limited', { retryAfterMs: 60_000 }))
    expect(await limited.run(runningOf(taskOf()))).toMatchObject({ state: 'queued', waitMs: 60_000 })
  })

  test('nobody is asked twice in a turn', async () => {
    const { run, calls } = setup(unavailable, () => broken(TWO, 'provider.capacity'))
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'queued', counted: true })
    expect(outcomesOf(calls)).toEqual([
      ['one', 'provider.unavailable'],
      ['two', 'provider.capacity'],
    ])
  })

  test('six calls in all, over every candidate and claim of the task, are enough', async () => {
    const { run, calls } = setup(
      () => broken(ONE, 'provider.timeout'),
      () => broken(TWO, 'provider.reset'),
    )
    const fifth = runningOf(taskOf(), { calls: callsBefore(...Array(4).fill('provider.timeout')) })
    expect(await run(fifth)).toMatchObject({ state: 'failed', error: expect.stringContaining('provider.reset') })
    expect(calls).toHaveLength(2)
  })

  test('a probe that fails is no attempt, and is written down as one', async () => {
    const { run, calls, doors } = setup(unavailable)
    doors.probed.add(ONE)
    const sixth = runningOf(taskOf(), { calls: callsBefore(...Array(5).fill('provider.timeout')) })
    expect(await run(sixth)).toMatchObject({ state: 'queued', counted: false, waitMs: 1_000 })
    expect(calls).toMatchObject([{ outcome: 'provider.unavailable', probe: true }])
  })

  test('gets no more repeated calls than a share of those that go well; what is over waits uncounted', async () => {
    const { run, calls, ended } = setup(unavailable)
    const retried = () => runningOf(taskOf(), { calls: callsBefore('provider.timeout') })
    for (let repeated = 0; repeated < RETRY_BUDGET.most; repeated++) await run(retried())
    expect(calls).toHaveLength(RETRY_BUDGET.most)
    expect(await run(retried())).toMatchObject({ state: 'queued', counted: false, waitMs: 1_000 })
    expect(calls).toHaveLength(RETRY_BUDGET.most)
    expect(ended.at(-1)).toMatchObject({ kind: 'aborted' })
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'queued', counted: true })
  })
})

describe('a key that is refused, or a quota that is used up', () => {
  test('sends the task to another provider', async () => {
    const { run } = setup(
      () => broken(ONE, 'provider.auth_refused'),
      () => answered(TWO, GOOD),
    )
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'succeeded', provider: 'two' })
  })

  test('fails no task, however often: it waits', async () => {
    const { run } = setup(() => broken(ONE, 'provider.quota_exhausted'))
    const often = runningOf(taskOf(), { calls: callsBefore(...Array(50).fill('provider.auth_refused')) })
    expect(await run(often)).toMatchObject({ state: 'queued', waitMs: 16_000 })
  })
})

describe('a question that a candidate will never answer', () => {
  test('goes to the next, and never to that one again', async () => {
    const { run, calls } = setup(
      () => broken(ONE, 'provider.context_too_long'),
      () => broken(TWO, 'provider.unavailable'),
    )
    expect(await run(runningOf(taskOf()))).toMatchObject({ state: 'queued' })
    const later = runningOf(taskOf(), { calls: callsBefore('provider.context_too_long') })
    expect(await run(later)).toMatchObject({ state: 'queued' })
    expect(outcomesOf(calls)).toEqual([
      ['one', 'provider.context_too_long'],
      ['two', 'provider.unavailable'],
      ['two', 'provider.unavailable'],
    ])
  })

  test('fails the task where nobody is left, with the answers that are paid', async () => {
    const { run } = setup(({ suggestion }) =>
      suggestion === 1 ? broken(ONE, 'provider.bad_request') : answered(ONE, GOOD),
    )
    expect(await run(runningOf(taskOf(undefined, { num_suggestions: 2 })))).toMatchObject({
      state: 'failed',
      results: `[${GOOD}]`,
      error: expect.stringContaining('provider.bad_request'),
    })
  })

  test('fails a task that no candidate could ever take', async () => {
    const { deps } = setup(good)
    const none = { ...deps, admission: scriptedModels({}).admission }
    expect(await execute(none, runningOf(taskOf()))).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('task.no_candidate'),
    })
  })
})
