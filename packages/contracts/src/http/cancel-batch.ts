import { BatchAnswer } from './batch-answer.ts'
import { API_BASE, type RouteSpec } from './route-spec.ts'

/** POST /batches/{batch_id}/cancel */
export const cancelBatchSpec = {
  method: 'post',
  path: `${API_BASE}/batches/{batch_id}/cancel`,
  operationId: 'cancelBatch',
  summary: 'Cancels every task of a batch that has not ended.',
  scope: 'cancel',
  answers: { 200: { description: 'What the batch is now.', content: { 'application/json': BatchAnswer } } },
  faults: ['batch.not_found', 'task.already_ended'],
} as const satisfies RouteSpec
