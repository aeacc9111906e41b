import { Fault, TASK_STATE_KINDS } from '@magictask/domain'
import { z } from 'zod'
import { LIMITS } from '../limits.ts'
import { plainText } from '../plain-text.ts'
import { CURSOR_PATTERN } from './cursor.ts'
import { pageSize } from './page-size.ts'
import { API_BASE, type RouteSpec } from './route-spec.ts'
import { ListedTask } from './task-answer.ts'

const DEFAULT_LIMIT = 50

const Cursor = z
  .string()
  .max(64)
  .meta({ pattern: CURSOR_PATTERN, description: 'A `next_cursor`, as it came.' })
  .optional()

/** Which page of a list. */
export const PageQuery = z.strictObject({
  limit: pageSize({ max: LIMITS.pageSize, otherwise: DEFAULT_LIMIT }),
  cursor: Cursor,
})

const name = plainText({ min: 1, max: LIMITS.campaignSnCharacters })

/** Which tasks to list. A `batch_id` that is none is answered like one that does not exist. */
export const ListTasksQuery = PageQuery.extend({
  batch_id: z.string().optional(),
  status: z.enum(TASK_STATE_KINDS).optional(),
  magicType: name.optional(),
  campaignSn: name.optional(),
  include: z.literal('results').optional(),
})

/** Reads a query or throws one `request.invalid` that names every wrong parameter and shows no value. */
export function readQuery<Schema extends z.ZodType>(schema: Schema, query: unknown): z.infer<Schema> {
  const read = schema.safeParse(query)
  if (read.success) return read.data
  const wrong = read.error.issues.map((issue) => `?${issue.path.join('.')}: ${issue.message}`)
  throw new Fault('request.invalid', { detail: `The query does not fit. ${wrong.join('; ')}`.slice(0, 1_000) })
}

/** Part of a list of tasks; `next_cursor` asks for the part after it and is missing on the last. */
export const TaskPage = z
  .strictObject({ data: z.array(ListedTask), next_cursor: z.string().optional() })
  .meta({ id: 'TaskPage' })

/** A `TaskPage` as JSON text, of tasks that are text already. */
export function pageText(tasks: readonly string[], nextCursor: string | undefined): string {
  return `{"data":[${tasks.join(',')}]${nextCursor === undefined ? '' : `,"next_cursor":${JSON.stringify(nextCursor)}`}}`
}

/** GET /tasks */
export const listTasksSpec = {
  method: 'get',
  path: `${API_BASE}/tasks`,
  operationId: 'listTasks',
  summary: 'Tasks in the order of submission, page by page; without results unless they are asked for.',
  scope: 'read',
  query: ListTasksQuery,
  answers: { 200: { description: 'A page.', content: { 'application/json': TaskPage }, mayHave: ['Link'] } },
  faults: ['request.invalid', 'batch.not_found'],
} as const satisfies RouteSpec
