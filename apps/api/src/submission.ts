import { acceptedText, type Caller, encode, type GenerateItem, invalidBody, LIMITS, taskV1 } from '@magictask/contracts'
import { type BatchCounts, type BatchId, estimatedTokens, laneFor, queueFor, type TaskId } from '@magictask/domain'
import { newTaskId } from '@magictask/runtime'
import type { NewTask, Submission } from '@magictask/store'

/** What a submission's tasks have in common. */
export interface SubmissionFacts {
  readonly caller: Caller
  readonly batchId: BatchId
  readonly submittedAt: Date
}

/** What is stored of a submission, each task with the Kafka record that will carry it. Throws `request.invalid` for a record that Kafka would not take. */
export function submissionOf(items: readonly GenerateItem[], facts: SubmissionFacts): Submission {
  const { caller, batchId } = facts
  const tasks = items.map((item) => taskOf(item, facts, newTaskId()))
  demandRecordSizes(tasks)
  const answer = acceptedText({ batchId, counts: allQueued(tasks.length) }, tasks)
  return { tenant: caller.tenant, queue: queueFor(caller.tier), batchId, tasks, answer }
}

function allQueued(submitted: number): BatchCounts {
  return { submitted, queued: submitted, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }
}

function demandRecordSizes(tasks: readonly NewTask[]): void {
  const tooLarge = [...tasks.entries()]
    .filter(([, task]) => Buffer.byteLength(task.record) > LIMITS.taskRecordBytes)
    .map(([index]) => ({ pointer: `/${index}`, detail: `is larger than ${LIMITS.taskRecordBytes} bytes as a record` }))
  if (tooLarge.length > 0) throw invalidBody(tooLarge.slice(0, LIMITS.badItemsListed), tooLarge.length)
}

function taskOf(item: GenerateItem, { caller, batchId, submittedAt }: SubmissionFacts, taskId: TaskId): NewTask {
  const { campaignSn, magicType, content, params, priority, metadata } = item
  const lane = laneFor({ priority, tier: caller.tier, magicType })
  const deadline = item.deadline === undefined ? undefined : new Date(item.deadline)
  const record = encode(taskV1, {
    task_id: taskId,
    batch_id: batchId,
    tenant: caller.tenant,
    tier: caller.tier,
    lane,
    campaignSn,
    magicType,
    content,
    num_suggestions: item.num_suggestions,
    params,
    deadline,
    submitted_at: submittedAt,
  })
  return {
    taskId,
    campaignSn,
    magicType,
    lane,
    cost: estimatedTokens({ content, suggestions: item.num_suggestions }),
    record,
    ...(deadline === undefined ? {} : { deadline }),
    ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
  }
}
