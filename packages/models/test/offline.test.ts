import { newCallId, testClock } from '@magictask/runtime'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { contentBlock } from '../src/index.ts'
import { oneTarget } from './one-target.ts'

const provider = await oneTarget({})
const never = new AbortController().signal
const title = { name: 'titled', schema: z.object({ title: z.string().trim().min(1) }) }

async function ask(schema: z.ZodType, content: string, suggestion = 0): Promise<unknown> {
  const messages = [{ role: 'user', text: contentBlock(content) }] as const
  const answer = await provider.ask({ callId: newCallId(), messages, format: { name: 'x', schema }, suggestion }, never)
  return answer.kind === 'answered' ? JSON.parse(answer.json) : answer
}

test('the same question has the same answer, another suggestion another one', async () => {
  const content = '最後一天！立即入手最優惠的方案'
  const titles = await Promise.all(
    Array.from({ length: 10 }, (_, suggestion) => ask(title.schema, content, suggestion)),
  )
  expect(titles[0]).toEqual({ title: '立即入手最優惠的方案' })
  expect(new Set(titles.map((one) => JSON.stringify(one))).size).toBe(10)
  expect(await ask(title.schema, content, 3)).toEqual(titles[3])
})

test.each([
  { name: 'one clause', content: '一個字', expected: '一個字' },
  { name: 'signs alone', content: '🎉🎉🎉', expected: '🎉🎉🎉' },
  { name: 'English', content: 'the quick brown fox. It jumps.', expected: 'The Quick Brown Fox: It Jumps' },
  { name: 'a word a hundred thousand times', content: 'word '.repeat(20_000), expected: 'Word '.repeat(12).trim() },
  { name: 'characters of many parts', content: '字👨‍👩‍👧‍👦'.repeat(50), expected: '字👨‍👩‍👧‍👦字👨‍👩‍👧‍👦' },
  { name: 'nothing that shows', content: '\u200b', expected: '…' },
  { name: 'braces and dollars', content: 'pay $& $1 {} {content}', expected: 'Pay $& $1 {} {content' },
])('content of $name gets a title that looks like one', async ({ content, expected }) => {
  expect(await ask(title.schema, content)).toEqual({ title: expected })
})

test.each([
  ['這家店的蛋糕很好吃，服務也很親切', 'positive'],
  ['东西坏了，客服也很差，非常失望', 'negative'],
  ['The worst meal I ever had: cold, late and rude waiters.', 'negative'],
  ['Thanks, this is a wonderful and helpful product!', 'positive'],
  ['The meeting is on Tuesday.', 'neutral'],
])('%s is %s', async (content, sentiment) => {
  expect(await ask(z.object({ sentiment: z.enum(['positive', 'neutral', 'negative']) }), content)).toEqual({
    sentiment,
  })
})

test('a schema that nobody foresaw gets an answer in its shape', async () => {
  const Tree: z.ZodType = z.object({
    label: z.string(),
    get children() {
      return z.array(Tree)
    },
  })
  const schema = z.object({
    kind: z.enum(['a', 'b']),
    version: z.literal(2),
    count: z.number().int().min(3).max(9),
    score: z.enum(['low', 'high']),
    maybe: z.string().nullable(),
    either: z.union([z.object({ deep: z.boolean() }), z.string()]),
    tags: z.array(z.string()).min(2),
    tree: z.object({ label: z.string() }),
  })
  expect(schema.safeParse(await ask(schema, 'Anything at all.')).success).toBe(true)
  expect(await ask(Tree, 'No end to it.')).toMatchObject({ kind: 'broke', fault: 'answer.schema_mismatch' })
})

test('it counts roughly, takes its time from the clock and can be aborted', async () => {
  const timed = await oneTarget({}, testClock('2026-01-01T00:00:00Z'))
  const request = {
    callId: newCallId(),
    messages: [{ role: 'user', text: contentBlock('Hello there') }],
    format: title,
    suggestion: 0,
  } as const
  expect(await timed.ask(request, never)).toMatchObject({
    kind: 'answered',
    provider: 'offline',
    latencyMs: 0,
    usage: { promptTokens: expect.any(Number), completionTokens: 6 },
  })
  const stop = new AbortController()
  const asked = timed.ask(request, stop.signal)
  stop.abort()
  expect(await asked).toMatchObject({ kind: 'aborted' })
})
