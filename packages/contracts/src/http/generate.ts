import {
  BATCH_STATUSES,
  type BadItem,
  type BatchCounts,
  BatchId,
  batchStatus,
  Fault,
  Lane,
  TASK_STATE_KINDS,
  TaskId,
} from '@magictask/domain'
import { z } from 'zod'
import { badItems } from '../bad-items.ts'
import { jsonText, objectText } from '../json-text.ts'
import { jsonObject } from '../json-value.ts'
import { LIMITS } from '../limits.ts'
import { PLAIN_PATTERN, plainText, spokenText } from '../plain-text.ts'
import { Counts, countsOf } from './batch-answer.ts'
import { SubmissionHeaders } from './header.ts'
import { API_BASE, type RouteSpec } from './route-spec.ts'
import { TaskAnswer, type TaskFacts } from './task-answer.ts'
import { TaskParams } from './task-params.ts'

/** One item of a submission. A deadline that has passed is no mistake: a repeated request has to get its first answer again. */
export function generateItem(magicTypes: readonly string[]) {
  return z
    .strictObject({
      campaignSn: plainText({ min: 1, max: LIMITS.campaignSnCharacters }),
      magicType: z.enum(magicTypes),
      content: spokenText({ min: 1, max: LIMITS.contentCharacters }),
      num_suggestions: z.int().min(1).max(LIMITS.numSuggestions).default(1),
      priority: Lane.optional(),
      deadline: Deadline.optional(),
      metadata: Metadata.optional(),
      params: TaskParams.optional(),
    })
    .meta({ id: 'GenerateItem' })
}

/** In UTC, as it is kept, the year may be another one, and of more than four digits. */
const Deadline = z.iso
  .datetime({ offset: true })
  .refine((text) => Number.isNaN(Date.parse(text)) || /^\d{4}-/.test(new Date(text).toISOString()), {
    error: 'has to lie in the years 0000 to 9999 in UTC',
  })

const Metadata = jsonObject(Number.POSITIVE_INFINITY)
  // A record would drop it without a word.
  .refine((pairs) => !Object.hasOwn(pairs, '__proto__'), 'has to be free of the name __proto__')
  .refine(
    (pairs) => Object.keys(pairs).length <= LIMITS.metadataPairs,
    `has to be of at most ${LIMITS.metadataPairs} pairs`,
  )
  .pipe(
    z.record(
      plainText({ min: 1, max: LIMITS.metadataKeyCharacters }),
      plainText({ min: 0, max: LIMITS.metadataValueCharacters }),
    ),
  )
  .meta({
    type: 'object',
    maxProperties: LIMITS.metadataPairs,
    propertyNames: {
      minLength: 1,
      maxLength: LIMITS.metadataKeyCharacters,
      pattern: PLAIN_PATTERN,
      not: { const: '__proto__' },
    },
    additionalProperties: { type: 'string', maxLength: LIMITS.metadataValueCharacters, pattern: PLAIN_PATTERN },
  })

export type GenerateItem = z.infer<ReturnType<typeof generateItem>>

/** The body of a submission, whole. More tasks than allowed are no mistake in the body but too much of it: 413, and so no `maxItems`. */
export function generateBody(magicTypes: readonly string[]) {
  return z
    .array(generateItem(magicTypes))
    .min(1)
    .meta({ description: `At most ${LIMITS.tasksPerBatch.toLocaleString('en')} tasks.` })
}

/** Reads a submission or throws one fault that names everything wrong with it: the first hundred by pointer, and how many there are. */
export function readGenerate(body: unknown, item: ReturnType<typeof generateItem>): readonly GenerateItem[] {
  if (!Array.isArray(body) || body.length === 0)
    throw invalidBody([{ pointer: '', detail: 'has to be an array of tasks, with at least one' }], 1)
  if (body.length > LIMITS.tasksPerBatch) {
    throw new Fault('request.too_large', {
      detail: `A batch is of at most ${LIMITS.tasksPerBatch} tasks; these are ${body.length}.`,
    })
  }
  const listed: BadItem[] = []
  const items: GenerateItem[] = []
  let total = 0
  for (const [index, given] of body.entries()) {
    const read = item.safeParse(given)
    if (read.success) items.push(read.data)
    else for (const bad of badItems(read.error.issues, [index])) if (++total <= LIMITS.badItemsListed) listed.push(bad)
  }
  if (total > 0) throw invalidBody(listed, total)
  return items
}

/** What a body is refused with: `listed` are the first of `total` things that are wrong with it. */
export function invalidBody(listed: readonly BadItem[], total: number): Fault {
  const others = total > listed.length ? `; the first ${listed.length} are listed` : ''
  const things = total === 1 ? 'One thing is' : `${total} things are`
  return new Fault('request.invalid', {
    detail: `${things} wrong with the body${others}. Nothing was stored.`,
    errors: listed,
    facts: { errors_total: total },
  })
}

const AcceptedTask = z.strictObject({
  task_id: TaskId,
  campaignSn: z.string(),
  magicType: z.string(),
  status: z.enum(TASK_STATE_KINDS),
})

const head = { batch_id: BatchId, status: z.enum(BATCH_STATUSES), counts: Counts }

/** What a submission answers with: its tasks are stored, and each will end. In the order of the request. */
export const Accepted = z.strictObject({ ...head, tasks: z.array(AcceptedTask) }).meta({ id: 'Accepted' })

/** What a submission answers with when every task ended while the answer was held back: each of them as `GET /tasks/{task_id}` shows it. */
export const Ended = z.strictObject({ ...head, tasks: z.array(TaskAnswer) }).meta({ id: 'Ended' })

interface SubmittedBatch {
  readonly batchId: BatchId
  readonly counts: BatchCounts
}

/** An `Accepted` as JSON text. */
export function acceptedText(
  batch: SubmittedBatch,
  tasks: readonly Pick<TaskFacts, 'taskId' | 'campaignSn' | 'magicType'>[],
): string {
  const shown = tasks.map(({ taskId, campaignSn, magicType }) => ({
    task_id: taskId,
    campaignSn,
    magicType,
    status: 'queued',
  }))
  return objectText({ ...headOf(batch), tasks: shown })
}

/** The text of an `Ended` before its tasks and after them: there may be too many of those for one text. */
export function endedFrame(batch: SubmittedBatch): { readonly before: string; readonly after: string } {
  return { before: objectText({ ...headOf(batch), tasks: jsonText('[') }).slice(0, -1), after: ']}' }
}

function headOf({ batchId, counts }: SubmittedBatch) {
  return { batch_id: batchId, status: batchStatus(counts), counts: countsOf(counts) }
}

const EXAMPLE = [
  {
    campaignSn: 'abc123',
    magicType: 'title_optimize',
    content: '限時下殺！買一送一活動開跑啦，快邀朋友一起搶購！',
    num_suggestions: 2,
  },
  { campaignSn: 'def456', magicType: 'title_optimize', content: '最後一天！立即入手最優惠的方案', num_suggestions: 2 },
]

const mayHave = ['Idempotency-Replayed', 'Preference-Applied'] as const

/** POST /generate */
export function generateSpec(magicTypes: readonly string[]) {
  return {
    method: 'post',
    path: `${API_BASE}/generate`,
    operationId: 'generate',
    summary: 'Submits a batch of tasks. Once it has answered, every task will reach exactly one end.',
    scope: 'generate',
    requestHeaders: SubmissionHeaders,
    body: { schema: generateBody(magicTypes), example: EXAMPLE },
    answers: {
      200: {
        description: 'Stored, and every task has ended while the answer was held back.',
        content: { 'application/json': Ended },
        headers: ['Location', 'Preference-Applied'],
        mayHave,
      },
      202: { description: 'Stored.', content: { 'application/json': Accepted }, headers: ['Location'], mayHave },
    },
    faults: [
      'request.invalid',
      'request.not_json',
      'request.too_large',
      'request.unsupported_media_type',
      'idempotency.key_reused',
      'idempotency.in_progress',
      'quota.exceeded',
      'overloaded',
    ],
  } as const satisfies RouteSpec
}
