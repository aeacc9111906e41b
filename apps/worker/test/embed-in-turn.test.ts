import type { CandidateSearch } from '@magictask/chains'
import { ALL_SUGGESTIONS } from '@magictask/domain'
import { answerFrom, type Embedding } from '@magictask/models'
import { expect, test, vi } from 'vitest'
import { execute } from '../src/execute.ts'
import { stop } from '../src/running-tasks.ts'
import { ONE, setup } from './execution-under-test.ts'
import { answered, broken, type Script } from './scripted-models.ts'
import { runningOf, taskOf } from './worker-under-test.ts'

const CANDIDATES = [{ sku: 'A-1', description: 'Steel water bottle', score: 0.9 }]
const CHOICE = '{"sku":"A-1","confidence":0.9,"reason":"the same"}'

/** A model that embeds by one script, and answers. */
const embeds =
  (script: Script): Script =>
  (request, before, signal) =>
    request.format.name === 'embeddings' ? script(request, before, signal) : answered(ONE, CHOICE)

const embedding: Script = ({ messages }) => answered(ONE, answerFrom(messages.map(() => [3, 4])))

/** Tasks that need an embedding, and what the catalogue was given of them. */
function setupMapping(script: Script) {
  const found: Embedding[] = []
  const parts = setup(embeds(script))
  const candidates = async ({ text, turns }: CandidateSearch) => {
    found.push(...((await turns?.embed([text], turns.onWait)) ?? []))
    return CANDIDATES
  }
  const deps = { ...parts.deps, embeds: true, sources: { catalogue: { candidates } } }
  return { ...parts, deps, found, map: (running = mapping()) => execute(deps, running) }
}

const mapping = (more = {}, claim = {}) => runningOf(taskOf(undefined, { magicType: 'sku_mapping', ...more }), claim)

/** Embedding calls in earlier claims. */
const embeddedBefore = (...outcomes: readonly string[]) => ({
  calls: outcomes.map((outcome) => ({ suggestion: ALL_SUGGESTIONS, provider: 'one', model: 'm', outcome })),
})

test('an embedding is a call of its task, for the queue of embeddings, and what follows begins its own count', async () => {
  const { map, calls, wishes, found, ended } = setupMapping(embedding)
  const running = mapping({ num_suggestions: 2, tier: 'paid' })
  expect(await map(running)).toMatchObject({ state: 'succeeded', provider: 'one' })
  expect(wishes.map(({ queue }) => queue)).toEqual(['embeddings', 'text.paid', 'text.paid'])
  expect(calls.map(({ suggestion }) => suggestion)).toEqual([ALL_SUGGESTIONS, 0, 1])
  expect(calls[0]).toMatchObject({
    taskId: running.task.task_id,
    promptTokens: 3,
    costMicroUsd: 7,
    outcome: 'answered',
  })
  expect(ended).toHaveLength(3)
  expect(running.tokens).toBe(15)
  expect([...(found[0] ?? [])].map((number) => number.toFixed(2))).toEqual(['0.60', '0.80'])
})

test('a repeated attempt finds the embedding that was paid; another tenant does not', async () => {
  const { map, calls } = setupMapping(embedding)
  const content = 'a bottle'
  for (const more of [{}, {}, { params: { cache_enabled: false } }]) await map(mapping({ content, ...more }))
  const embedded = () => calls.filter(({ suggestion }) => suggestion === ALL_SUGGESTIONS)
  expect(embedded()).toHaveLength(1)
  await map(mapping({ content, tenant: 'globex' }))
  expect(embedded()).toHaveLength(2)
})

test('one that is refused for a while makes the task wait as long, and fails it only when it broke six times in a row', async () => {
  const { map, calls } = setupMapping(() => broken(ONE, 'provider.rate_limited', { retryAfterMs: 9_000 }))
  expect(await map()).toMatchObject({ state: 'queued', counted: true, waitMs: 9_000 })
  const five = ['500', '500', '500', '500', '500'].map(() => 'provider.unavailable')
  expect(await map(mapping({}, embeddedBefore(...five, 'answered', 'provider.timeout')))).toMatchObject({
    state: 'queued',
  })
  expect(await map(mapping({}, embeddedBefore(...five)))).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('provider.rate_limited'),
  })
  expect(calls).toHaveLength(3)
})

test('a text that is refused for itself fails its task, with the answers that it has', async () => {
  const { map, calls } = setupMapping(() => broken(ONE, 'provider.context_too_long'))
  const answers = new Map([[0, CHOICE]])
  expect(await map(mapping({ num_suggestions: 2 }, { answers }))).toMatchObject({
    state: 'failed',
    results: `[${CHOICE}]`,
    error: expect.stringContaining('provider.context_too_long'),
  })
  expect(calls).toHaveLength(1)
})

test('while it waits for its turn nothing of the task is under way, and it can be parked for who embeds', async () => {
  const { map, doors, wishes, calls } = setupMapping(embedding)
  doors.away.add(ONE)
  doors.out.add(ONE)
  const running = mapping()
  const outcome = map(running)
  await vi.waitFor(() => expect(wishes).toHaveLength(1))
  expect(running.underWay).toBe(0)
  stop(running, 'no-slot')
  expect(await outcome).toMatchObject({ state: 'queued', counted: false, waitMs: 4_000, waitsFor: ONE })
  expect(running).toMatchObject({ underWay: 0, wasAsked: false })
  expect(calls).toHaveLength(0)
})

test('an embedding that time cuts off is a call that timed out', async () => {
  const { map, asked } = setupMapping(
    (_request, _before, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ ...answered(ONE, ''), kind: 'aborted' }))
      }),
  )
  const running = mapping()
  const outcome = map(running)
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  expect(running.underWay).toBe(1)
  stop(running, 'timeout')
  expect(await outcome).toMatchObject({ state: 'queued', counted: true })
})
