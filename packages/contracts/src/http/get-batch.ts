import { BatchAnswer } from './batch-answer.ts'
import { StateHeaders } from './header.ts'
import { API_BASE, type RouteSpec } from './route-spec.ts'

/** GET /batches/{batch_id} */
export const getBatchSpec = {
  method: 'get',
  path: `${API_BASE}/batches/{batch_id}`,
  operationId: 'getBatch',
  summary: 'How far a batch is, and what it came to.',
  scope: 'read',
  requestHeaders: StateHeaders,
  answers: {
    200: {
      description: 'The batch as it is now.',
      content: { 'application/json': BatchAnswer },
      headers: ['ETag'],
      mayHave: ['Retry-After', 'Preference-Applied'],
    },
    304: {
      description: 'It is still as the ETag says.',
      headers: ['ETag'],
      mayHave: ['Retry-After', 'Preference-Applied'],
    },
  },
  faults: ['batch.not_found'],
} as const satisfies RouteSpec
