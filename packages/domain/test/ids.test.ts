import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchId, firstIdAt, TaskId, TenantId, timeOfId } from '../src/index.ts'

const aTime = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const tail = fc.tuple(
  fc.stringMatching(/^[0-9a-f]{3}$/),
  fc.stringMatching(/^[89ab][0-9a-f]{3}$/),
  fc.stringMatching(/^[0-9a-f]{12}$/),
)

test('the time in an id is the time that it was made of, and no id of that time sorts before the first one', () => {
  fc.assert(
    fc.property(aTime, tail, (timeMs, [a, b, c]) => {
      const first = firstIdAt(timeMs)
      const id = TaskId.parse(`${first.slice(0, 14)}7${a}-${b}-${c}`)
      expect(timeOfId(id)).toBe(timeMs)
      expect(first <= id).toBe(true)
      expect(id < firstIdAt(timeMs + 1) || timeMs === 2 ** 48 - 1).toBe(true)
    }),
  )
})

test.each([
  '',
  'task',
  '0b3f8f0e-1c1b-4c8e-9a53-3f0f4f0b7a11',
  "01a2059a-4387-7359-bad7-5c2ca5f8e00c' or true --",
  '01a2059a-4387-7359-bad7-5c2ca5f8e00c\n',
])('%j is no id of a task', (text) => {
  expect(TaskId.safeParse(text).success).toBe(false)
})

test.each([
  ['someone@example.com', true],
  ['https://issuer.example/users/1?a=b#c', true],
  ['x'.repeat(128), true],
  ['x'.repeat(129), false],
  ['', false],
  ['a b', false],
  ['a\n', false],
  ['a\u0000', false],
  ['ü', false],
])('%j may be a tenant: %s', (text, may) => {
  expect(TenantId.safeParse(text).success).toBe(may)
})

test('an id is parsed, never made of a text, and one is no other', () => {
  const taskId = TaskId.parse('01a2059a-4387-7359-bad7-5c2ca5f8e00c')
  // @ts-expect-error a text is no id
  const fromText: TaskId = '01a2059a-4387-7359-bad7-5c2ca5f8e00c'
  // @ts-expect-error a task's id is no batch's
  const fromTask: BatchId = taskId
  expect(fromText).toBe(fromTask)
  expect(BatchId.parse(taskId)).toBe(taskId)
})
