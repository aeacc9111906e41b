import { PageQuery, TaskPage } from './list-tasks.ts'
import { API_BASE, type RouteSpec } from './route-spec.ts'
import { TaskAnswer } from './task-answer.ts'

/** One JSON value a line. */
export const NDJSON = 'application/x-ndjson'

/** GET /batches/{batch_id}/results. The schema of the NDJSON is that of each of its lines. */
export const batchResultsSpec = {
  method: 'get',
  path: `${API_BASE}/batches/{batch_id}/results`,
  operationId: 'batchResults',
  summary:
    'What there is of a batch so far, in the order of submission: a page, or all of it as NDJSON, a line a task.',
  scope: 'read',
  query: PageQuery,
  answers: {
    200: {
      description: 'The tasks with their results.',
      content: { 'application/json': TaskPage, [NDJSON]: TaskAnswer },
      mayHave: ['Link'],
    },
  },
  faults: ['request.invalid', 'batch.not_found'],
} as const satisfies RouteSpec
