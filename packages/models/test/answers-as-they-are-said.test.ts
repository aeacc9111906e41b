import { newCallId } from '@magictask/runtime'
import { startModelServer } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { CompletionStream } from '../src/completions/completion-stream.ts'
import type { Answer } from '../src/index.ts'
import { oneTarget } from './one-target.ts'

const format = { name: 'titled', schema: z.object({ title: z.string() }) }
const GOOD = '{"title":"a fine one"}'
const messages = [{ role: 'user', text: 'a question' }] as const

async function answeredWith(message: object, usage: object = { prompt_tokens: 10 }): Promise<Answer> {
  await using server = await startModelServer({
    script: () => ({ kind: 'body', body: { choices: [{ message, finish_reason: 'stop' }], usage } }),
  })
  const target = await oneTarget({ OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: server.baseUrl })
  return await target.ask({ callId: newCallId(), messages, format, suggestion: 0 }, new AbortController().signal)
}

const tool = (given: unknown) => ({ tool_calls: [{ function: { name: 'titled', arguments: given } }] })
const parts = [
  { type: 'thinking', thinking: [{ type: 'text', text: '{"title":"a draft"}' }] },
  { type: 'text', text: GOOD.slice(0, 8) },
  { type: 'text', text: GOOD.slice(8) },
]

test.each([
  ['a text', { content: GOOD }],
  ['parts of a text', { content: parts }],
  ['arguments of a tool', tool(GOOD)],
  ['arguments of a tool that are no text', tool(JSON.parse(GOOD))],
  ['a text beside a tool without arguments', { content: GOOD, ...tool('{}') }],
  ['a text beside a tool without arguments that are a text', { content: GOOD, ...tool({}) }],
])('%s is an answer', async (_, message) => {
  expect(await answeredWith({ role: 'assistant', ...message })).toMatchObject({ kind: 'answered', json: GOOD })
})

test('what is said beside the arguments is the answer only where it is a good one, and they were whole', async () => {
  const wrong = await answeredWith({ content: 'Let me see.', ...tool('{}') })
  expect(wrong).toMatchObject({ fault: 'answer.schema_mismatch', said: '{}' })
  expect(await answeredWith({ content: GOOD, ...tool('{"title":"a fi') })).toMatchObject({ fault: 'answer.truncated' })
  expect(await answeredWith({ content: GOOD, ...tool('{"title":"mine"}') })).toMatchObject({ json: '{"title":"mine"}' })
})

test.each([
  [
    { prompt_tokens: 10, completion_tokens: 5, total_tokens: 900 },
    { completionTokens: 890, reasoningTokens: 885 },
  ],
  [{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }, { completionTokens: 5 }],
  [{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 3 }, { completionTokens: 5 }],
  [
    { prompt_tokens: 10, completion_tokens: 50, total_tokens: 60, completion_tokens_details: { reasoning_tokens: 40 } },
    { completionTokens: 50, reasoningTokens: 40 },
  ],
  [
    { prompt_tokens: 10, completion_tokens: 5, cached_tokens: 50 },
    { completionTokens: 5, cachedTokens: 10 },
  ],
])('of usage %j the completion is paid with all that was thought', async (usage, counted) => {
  expect((await answeredWith({ content: GOOD }, usage)).usage).toEqual({ promptTokens: 10, ...counted })
})

test('a stream says an answer in the same shapes, and an error that is null is none', () => {
  const told: string[] = []
  const stream = new CompletionStream({ onText: (delta) => told.push(delta), heard: () => undefined })
  const chunks = [
    {
      error: null,
      choices: [{ delta: { content: parts } }],
      usage: { prompt_tokens: 7, completion_tokens: 1, total_tokens: 9 },
    },
    { choices: [{ delta: tool({}) }] },
    { choices: [{ delta: {}, finish_reason: 'stop' }] },
  ]
  for (const chunk of chunks) stream.take(Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`))
  expect(told).toEqual([GOOD, '{}'])
  expect(stream.whole()).toMatchObject({ text: '{}', beside: GOOD, usage: { completionTokens: 2, reasoningTokens: 1 } })
})

test.each([
  { error: { message: 'x' } },
  { error: 'x' },
  { object: 'error', message: 'x' },
  [{ error: { message: 'x' } }],
])('an error in a stream ends it: %j', (chunk) => {
  const stream = new CompletionStream({ onText: () => undefined, heard: () => undefined })
  expect(() => stream.take(Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`))).toThrow('answered with an error')
})
