import { type ModelServer, startModelServer, startRespServer } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { item, NOTHING_LEFT, type RunningSystem, startSystem, tokenOf, until, whatIsLeft } from './running-system.ts'

/** In dollars for a million tokens, so in millionths of a dollar for one. */
const INPUT_USD = 2
const OUTPUT_USD = 10
const MODEL = JSON.stringify({ price: { inputUsd: INPUT_USD, outputUsd: OUTPUT_USD } })

/** Two models, the second asked when the first cannot. */
const twoModels = (second: ModelServer) => ({
  MAGICTASK__providers__openai__models__m1: MODEL,
  MAGICTASK__providers__second__baseUrl: second.baseUrl,
  MAGICTASK__providers__second__keyVariable: 'SECOND_KEY',
  MAGICTASK__providers__second__models__m2: MODEL,
  SECOND_KEY: 'sk-second',
  'MAGICTASK__routes__text.paid__candidates': '[{"provider":"openai","model":"m1"},{"provider":"second","model":"m2"}]',
})

/** Tasks of these contents, as they are shown once all have ended. */
async function run(system: RunningSystem, ...contents: readonly string[]) {
  const { batch_id, tasks } = await system.submit(contents.map((content) => item(content)))
  await system.ended(batch_id)
  const shown = tasks.map(async ({ task_id }) => (await system.http(`/api/public/v1/tasks/${task_id}`)).json)
  const batch = (await system.http(`/api/public/v1/batches/${batch_id}`)).json
  return { tasks: await Promise.all(shown), batch }
}

// INCIDENTS 29: a paid answer is neither thrown away nor bought again
test('what one model answers wrongly the next one does; every call is counted to the last micro-dollar', async () => {
  await using second = await startModelServer({
    script: ({ content }) => (content.startsWith('both wrong') ? { kind: 'not-json' } : undefined),
  })
  await using system = await startSystem({
    workers: 2,
    env: twoModels(second),
    script: ({ content }) => (content.includes('wrong') ? { kind: 'wrong-schema' } : undefined),
  })
  const { tasks, batch } = await run(system, 'first wrong', 'both wrong', 'all is well')
  expect(tasks).toMatchObject([
    { status: 'succeeded', provider: 'second', model: 'm2', degraded: false, usage: { model_calls: 3 } },
    {
      status: 'succeeded',
      results: [{ title: 'both wrong', sentiment: 'neutral', is_spam: false }],
      degraded: true,
      degraded_reason: { code: 'answer.not_json' },
      usage: { model_calls: 4 },
    },
    { status: 'succeeded', provider: 'openai', model: 'm1', degraded: false, usage: { model_calls: 1 } },
  ])
  const made = [...system.model.calls(), ...second.calls()].map(({ usage }) => usage)
  const sum = (tokens: readonly number[]) => tokens.reduce((all, each) => all + each, 0)
  const prompt = sum(made.map(({ promptTokens }) => promptTokens))
  const completion = sum(made.map(({ completionTokens }) => completionTokens))
  expect(batch).toMatchObject({
    usage: {
      model_calls: made.length,
      prompt_tokens: prompt,
      completion_tokens: completion,
      cost_micro_usd: prompt * INPUT_USD + completion * OUTPUT_USD,
    },
  })
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 60_000)

// A place is a place whatever its task waits for
test('tasks whose next candidate is away hold up no other queue, though each of them had made a call', async () => {
  const away = await startModelServer()
  await away[Symbol.asyncDispose]()
  await using third = await startModelServer()
  await using system = await startSystem({
    workers: 1,
    env: {
      ...twoModels(away),
      MAGICTASK__providers__third__baseUrl: third.baseUrl,
      MAGICTASK__providers__third__keyVariable: 'THIRD_KEY',
      MAGICTASK__providers__third__models__m3: MODEL,
      THIRD_KEY: 'sk-third',
      'MAGICTASK__routes__text.free__candidates': '[{"provider":"third","model":"m3"}]',
    },
    script: () => ({ kind: 'not-json' }),
  })
  await system.submit(Array.from({ length: 200 }, (_, at) => item(`paid ${at}`)))
  // Each place was had by a task that was answered wrongly and found nobody else.
  await until(() => system.model.calls().length >= 40)
  const free = tokenOf('another', 'free')
  const { batch_id } = await system.submit([item('free 1'), item('free 2'), item('free 3')], free)
  expect(await system.ended(batch_id, free)).toMatchObject({ status: 'done', counts: { succeeded: 3 } })
  expect(third.calls()).toHaveLength(3)
  // And it is seen for whom they wait: that is how their day's end finds them.
  await until(async () => {
    const waiting = await system.db.query<{ waits_for: string | null }>(
      'select waits_for from waiting where due_at is not null',
    )
    return waiting.length >= 10 && waiting.every(({ waits_for }) => waits_for === 'second/m2')
  })
}, 60_000)

test('the same question again makes no call and costs nothing, also for another worker and another batch', async () => {
  await using redis = await startRespServer()
  await using second = await startModelServer()
  await using system = await startSystem({ workers: 2, env: { ...twoModels(second), REDIS_URL: redis.url } })
  const contents = Array.from({ length: 20 }, (_, at) => `question ${at}`)
  await run(system, ...contents)
  expect(system.model.calls()).toHaveLength(20)

  const { tasks, batch } = await run(system, ...contents)
  for (const task of tasks) {
    expect(task).toMatchObject({ status: 'succeeded', provider: 'openai', usage: { cached: true, model_calls: 0 } })
  }
  expect(batch).toMatchObject({ usage: { model_calls: 0, cost_micro_usd: 0 } })
  expect(system.model.calls()).toHaveLength(20)

  await redis.down()
  const without = await run(system, ...contents.map((content) => `${content} without Redis`))
  expect(without.batch).toMatchObject({ status: 'done', usage: { model_calls: 20 } })
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 60_000)
