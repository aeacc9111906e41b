import { BatchId, FAULTS, TASK_STATE_KINDS, TaskId, type TaskStateKind, timeOfId } from '@magictask/domain'
import { z } from 'zod'
import { jsonText, objectText } from '../json-text.ts'
import { LIMITS } from '../limits.ts'
import { TaskUsage, type UsageFacts, usageOf } from './usage.ts'

/** What a chain made: one object a suggestion, in the shape of the magicType. */
export const Results = z.array(z.record(z.string(), z.unknown())).max(LIMITS.numSuggestions)

/** Why a task did not succeed. */
export const TaskError = z
  .strictObject({ code: z.enum(Object.keys(FAULTS)), detail: z.string() })
  .meta({ id: 'TaskError' })

/** Why a result is a stand-in: what the models that were asked did in the end. */
export const DegradedReason = z
  .strictObject({ code: z.enum(Object.keys(FAULTS)), detail: z.string() })
  .meta({ id: 'DegradedReason' })

/** A task, as every route shows it. Without `results` in lists, unless they were asked for. */
export const TaskAnswer = z
  .strictObject({
    task_id: TaskId,
    batch_id: BatchId,
    campaignSn: z.string(),
    magicType: z.string(),
    status: z.enum(TASK_STATE_KINDS),
    results: Results,
    error: TaskError.optional(),
    degraded: z.boolean().meta({ description: 'Whether a result is a stand-in and not a model’s answer.' }),
    degraded_reason: DegradedReason.optional(),
    attempts: z.int().min(0).meta({ description: 'How often a worker took it up.' }),
    provider: z.string().optional(),
    model: z.string().optional(),
    usage: TaskUsage,
    metadata: z.record(z.string(), z.string()).optional(),
    queued_at: z.iso.datetime(),
    started_at: z.iso.datetime().optional(),
    finished_at: z.iso.datetime().optional(),
  })
  .meta({ id: 'Task' })

/** A task in a list, where its results are shown only if asked for. */
export const ListedTask = TaskAnswer.partial({ results: true }).meta({ id: 'ListedTask' })

/** What is known of a task; `results`, `error`, `degradedReason` and `metadata` are JSON text. */
export interface TaskFacts {
  readonly taskId: TaskId
  readonly batchId: BatchId
  readonly campaignSn: string
  readonly magicType: string
  readonly status: TaskStateKind
  readonly results: string
  readonly error?: string
  readonly degraded: boolean
  readonly degradedReason?: string
  readonly cached: boolean
  readonly attempts: number
  readonly provider?: string
  readonly model?: string
  readonly usage: UsageFacts
  readonly startedAt?: Date
  readonly finishedAt?: Date
  readonly metadata?: string
}

/** A `TaskAnswer` as JSON text, with the stored texts embedded byte for byte. */
export function taskText(task: TaskFacts, show: { readonly results: boolean }): string {
  return objectText({
    task_id: task.taskId,
    batch_id: task.batchId,
    campaignSn: task.campaignSn,
    magicType: task.magicType,
    status: task.status,
    results: show.results ? jsonText(task.results) : undefined,
    error: task.error === undefined ? undefined : jsonText(task.error),
    degraded: task.degraded,
    degraded_reason: task.degradedReason === undefined ? undefined : jsonText(task.degradedReason),
    attempts: task.attempts,
    provider: task.provider,
    model: task.model,
    usage: { ...usageOf(task.usage), cached: task.cached },
    metadata: task.metadata === undefined ? undefined : jsonText(task.metadata),
    queued_at: new Date(timeOfId(task.taskId)),
    started_at: task.startedAt,
    finished_at: task.finishedAt,
  })
}
