import { API_BASE, type RouteSpec } from './route-spec.ts'
import { TaskAnswer } from './task-answer.ts'

/** DELETE /tasks/{task_id} */
export const cancelTaskSpec = {
  method: 'delete',
  path: `${API_BASE}/tasks/{task_id}`,
  operationId: 'cancelTask',
  summary: 'Cancels a task that has not ended. A model call under way is cut off within a second.',
  scope: 'cancel',
  answers: { 200: { description: 'Cancelled.', content: { 'application/json': TaskAnswer } } },
  faults: ['task.not_found', 'task.already_ended'],
} as const satisfies RouteSpec
