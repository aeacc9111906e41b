import { TenantId } from '@magictask/domain'
import type { Answer } from '@magictask/models'
import { describe, expect, test } from 'vitest'
import { execute } from '../src/execute.ts'
import { type RunningTask, stop } from '../src/running-tasks.ts'
import { GOOD, good, ONE, setup, TWO } from './execution-under-test.ts'
import { answered, broken, cutOff, type Script } from './scripted-models.ts'
import { runningOf, taskOf } from './worker-under-test.ts'

const same = (more: Parameters<typeof taskOf>[1] = {}) =>
  runningOf(taskOf(undefined, { content: 'the same content', ...more }))

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

/** A model that answers when it is told to, or is cut off. */
function gated() {
  const waiting: ((answer: Answer) => void)[] = []
  const script: Script = (_request, _before, signal) =>
    new Promise((resolve) => {
      waiting.push(resolve)
      signal.addEventListener('abort', () => resolve(cutOff(ONE)))
    })
  return {
    script,
    waiting,
    answer(answer: Answer) {
      for (const resolve of waiting.splice(0)) resolve(answer)
    },
  }
}

describe('the same question again', () => {
  test('costs nothing, makes no call and says so', async () => {
    const { run, calls, asked } = setup(good)
    const first = await run(same())
    const again = await run(same())
    expect(first).toMatchObject({ state: 'succeeded', cached: false })
    expect(again).toMatchObject({ state: 'succeeded', cached: true, results: `[${GOOD}]`, provider: 'one', model: 'm' })
    expect([calls.length, asked.length]).toEqual([1, 1])
  })

  test.each([
    ['of another magicType', { magicType: 'spam_check' }],
    ['with another parameter', { params: { tone: 'dry' } }],
    ['of a task that wants it anew', { params: { cache_enabled: false } }],
  ])('%s is another', async (_, more) => {
    const { run, calls } = setup(good)
    await run(same())
    expect(await run(same(more))).toMatchObject({ state: 'succeeded', cached: false })
    expect(calls).toHaveLength(2)
  })

  test('of another tenant is another', async () => {
    const { run, calls } = setup(good)
    await run(same())
    expect(await run(same({ tenant: TenantId.parse('other') }))).toMatchObject({ cached: false })
    expect(calls).toHaveLength(2)
  })

  test('is the same whether or not it takes a stand-in', async () => {
    const { run } = setup(good)
    await run(same())
    expect(await run(same({ params: { fallback: false, cache_enabled: true } }))).toMatchObject({ cached: true })
  })

  test('is asked anew for several suggestions, unless the task says otherwise: then each has its own answer', async () => {
    const { run, calls, early } = setup(({ suggestion }) => answered(ONE, `"${suggestion}"`))
    await run(same({ num_suggestions: 2 }))
    await run(same({ num_suggestions: 2 }))
    expect(calls).toHaveLength(4)
    const on = { num_suggestions: 2, params: { cache_enabled: true } }
    await run(same(on))
    expect(calls).toHaveLength(6)
    const kept = early.length
    expect(await run(same(on))).toMatchObject({ cached: true, results: '["0","1"]' })
    expect([calls.length, early.length]).toEqual([6, kept])
  })

  test('finds the answer of whichever candidate gave it', async () => {
    const { run, calls } = setup(
      () => broken(ONE, 'provider.unavailable'),
      () => answered(TWO, GOOD),
    )
    await run(same())
    expect(await run(same())).toMatchObject({ cached: true, provider: 'two' })
    expect(calls).toHaveLength(2)
  })

  test('is asked again after a stand-in, which is nobody’s answer', async () => {
    const { run, calls } = setup(() => broken(ONE, 'answer.not_json'))
    expect(await run(same())).toMatchObject({ degraded: true })
    expect(await run(same())).toMatchObject({ degraded: true, cached: false })
    expect(calls).toHaveLength(4)
  })
})

describe('the same question at the same time', () => {
  /** So many identical tasks under way, the first of them at the model. */
  async function several(count: number) {
    const model = gated()
    const bundle = setup(model.script)
    const running: readonly RunningTask[] = Array.from({ length: count }, () => same())
    const outcomes = running.map((each) => bundle.run(each))
    while (model.waiting.length === 0) await nextTurn()
    await nextTurn()
    return { ...bundle, model, running, outcomes }
  }

  test('is one call, whose answer all get', async () => {
    const { model, outcomes, calls, running } = await several(20)
    expect(model.waiting).toHaveLength(1)
    // They wait for a call under way and not for a slot: nobody parks them.
    expect(running.filter(({ underWay }) => underWay === 1)).toHaveLength(20)
    model.answer(answered(ONE, GOOD))
    const ended = await Promise.all(outcomes)
    expect(ended.map((outcome) => outcome?.state)).toEqual(Array(20).fill('succeeded'))
    expect(ended.map((outcome) => (outcome && 'cached' in outcome ? outcome.cached : undefined))).toEqual([
      false,
      ...Array(19).fill(true),
    ])
    expect(calls).toHaveLength(1)
  })

  test('is asked by each for itself when the first call fails', async () => {
    const { model, outcomes, calls } = await several(3)
    model.answer(broken(ONE, 'provider.bad_request'))
    while (model.waiting.length < 2) await nextTurn()
    model.answer(answered(ONE, GOOD))
    expect((await Promise.all(outcomes)).map((outcome) => outcome?.state)).toEqual(['failed', 'succeeded', 'succeeded'])
    expect(calls).toHaveLength(3)
  })

  test('goes on for the others when the first is cancelled', async () => {
    const { model, outcomes, running } = await several(2)
    const [leader] = running
    if (leader !== undefined) stop(leader, 'lost')
    expect(await outcomes[0]).toBeUndefined()
    while (model.waiting.length < 2) await nextTurn()
    model.answer(answered(ONE, GOOD))
    expect(await outcomes[1]).toMatchObject({ state: 'succeeded', cached: false })
  })

  test('is led anew by one of them, not by all, when the first is cancelled', async () => {
    const { model, outcomes, running, asked } = await several(50)
    const [leader] = running
    if (leader !== undefined) stop(leader, 'lost')
    while (model.waiting.length < 2) await nextTurn()
    await nextTurn()
    model.answer(answered(ONE, GOOD))
    const ended = await Promise.all(outcomes)
    expect(ended.slice(1).map((outcome) => outcome?.state)).toEqual(Array(49).fill('succeeded'))
    expect(asked).toHaveLength(2)
  })

  test('is not asked again by who looked into the cache before the answer was there', async () => {
    const { deps, calls } = setup(good)
    const answeredMeanwhile = Promise.withResolvers<undefined>()
    const looks = [Promise.resolve(undefined), answeredMeanwhile.promise]
    const cache = { ...deps.cache, find: () => looks.shift() ?? Promise.resolve(undefined) }
    const [first, second] = [same(), same()].map((running) => execute({ ...deps, cache }, running))
    await first
    answeredMeanwhile.resolve(undefined)
    expect(await second).toMatchObject({ state: 'succeeded', cached: true })
    expect(calls).toHaveLength(1)
  })

  test('is another for another queue, which has other candidates', async () => {
    const { run, asked } = setup(good)
    await Promise.all([run(same({ tier: 'paid' })), run(same({ tier: 'free' }))])
    expect(asked).toHaveLength(2)
  })

  test('goes on for the others when a follower is stopped', async () => {
    const { model, outcomes, running } = await several(3)
    const [, follower] = running
    if (follower !== undefined) stop(follower, 'shutdown')
    expect(await outcomes[1]).toMatchObject({ state: 'queued', counted: false })
    model.answer(answered(ONE, GOOD))
    expect(await outcomes[0]).toMatchObject({ state: 'succeeded', cached: false })
    expect(await outcomes[2]).toMatchObject({ state: 'succeeded', cached: true })
  })

  test('is forgotten once it is answered or has failed', async () => {
    const { model, outcomes, deps } = await several(2)
    expect(deps.flights.size).toBe(1)
    model.answer(answered(ONE, GOOD))
    await Promise.all(outcomes)
    expect(deps.flights.size).toBe(0)
  })
})
