import { expect, test } from 'vitest'
import { cloudEventHeaders } from '../src/index.ts'

const event = { id: '1', type: 'magictask.task.v1', source: '/magictask/api', time: new Date('2026-01-01T00:00:00Z') }

test('an event in binary mode carries its attributes as headers', () => {
  expect(cloudEventHeaders(event)).toEqual({
    ce_specversion: '1.0',
    ce_id: '1',
    ce_type: 'magictask.task.v1',
    ce_source: '/magictask/api',
    ce_time: '2026-01-01T00:00:00.000Z',
    'content-type': 'application/json',
  })
})

test('a trace travels beside it', () => {
  expect(cloudEventHeaders({ ...event, traceparent: '00-trace' })).toMatchObject({ traceparent: '00-trace' })
})
