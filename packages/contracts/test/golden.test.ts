import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { deadLetterHeadersV1, decode, encode, resultRecord, resultV1, taskV1 } from '../src/index.ts'

const golden = (name: string) => readFileSync(new URL(`../golden/${name}`, import.meta.url))

test('the task record of version 1 is read, and written again to the same bytes', () => {
  const task = decode(taskV1, golden('task.v1.json'))
  expect(task).toMatchObject({ tenant: 'demo', num_suggestions: 2, deadline: new Date('2026-11-22T23:00:00Z') })
  expect(encode(taskV1, task)).toBe(golden('task.v1.json').toString())
})

test('the result record of version 1 is read, and written again to the same bytes', () => {
  const result = decode(resultV1, golden('result.v1.json'))
  const results = JSON.stringify(result.results)
  const error = JSON.stringify(result.error)
  expect(result.status).toBe('failed')
  expect(resultRecord({ taskId: result.task_id, status: result.status, results, error })).toBe(
    golden('result.v1.json').toString(),
  )
})

test('the dead letter headers of version 1 are read, and written again to the same text', () => {
  const text: unknown = JSON.parse(golden('dead-letter.v1.json').toString())
  const headers = deadLetterHeadersV1.parse(text)
  expect(headers).toMatchObject({ 'dead-letter-partition': 3, 'dead-letter-offset': '9007199254740993' })
  expect(z.encode(deadLetterHeadersV1, headers)).toEqual(text)
})
