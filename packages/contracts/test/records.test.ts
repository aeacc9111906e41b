import { Fault, TaskId } from '@magictask/domain'
import { expect, test } from 'vitest'
import { decode, resultRecord, taskV1 } from '../src/index.ts'

const faultOf = (value: Buffer | null): string => {
  try {
    decode(taskV1, value)
    return 'none'
  } catch (error) {
    return Fault.from(error, 'service.defect').code
  }
}

test.each([
  ['null', null, 'record.malformed'],
  ['nothing', Buffer.alloc(0), 'record.not_json'],
  ['text that is no JSON', Buffer.from('hello'), 'record.not_json'],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'record.not_json'],
  ['a million brackets', Buffer.alloc(1_000_000, '['), 'record.not_json'],
  ['a number', Buffer.from('1'), 'record.malformed'],
  ['an empty object', Buffer.from('{}'), 'record.malformed'],
  ['a list', Buffer.from('[]'), 'record.malformed'],
])('a record of %s is refused as a fault of its own', (_, value, code) => {
  expect(faultOf(value)).toBe(code)
})

test('results and error are embedded as the bytes they are', () => {
  const taskId = TaskId.parse('019f3a0e-7c00-7000-8000-000000000001')
  expect(resultRecord({ taskId, status: 'succeeded', results: '[ {"b":1.0, "a":"\\u00e9"} ]' })).toBe(
    '{"task_id":"019f3a0e-7c00-7000-8000-000000000001","results":[ {"b":1.0, "a":"\\u00e9"} ],"status":"succeeded"}',
  )
})
