import { StateHeaders } from './header.ts'
import { API_BASE, type RouteSpec } from './route-spec.ts'
import { TaskAnswer } from './task-answer.ts'

/** GET /tasks/{task_id} */
export const getTaskSpec = {
  method: 'get',
  path: `${API_BASE}/tasks/{task_id}`,
  operationId: 'getTask',
  summary: 'A task, with its results as soon as there are any.',
  scope: 'read',
  requestHeaders: StateHeaders,
  answers: {
    200: {
      description: 'The task as it is now.',
      content: { 'application/json': TaskAnswer },
      headers: ['ETag'],
      mayHave: ['Retry-After', 'Preference-Applied'],
    },
    304: {
      description: 'It is still as the ETag says.',
      headers: ['ETag'],
      mayHave: ['Retry-After', 'Preference-Applied'],
    },
  },
  faults: ['task.not_found'],
} as const satisfies RouteSpec
