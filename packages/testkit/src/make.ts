import { type Lane, type Queue, type TaskId, TenantId } from '@magictask/domain'
import { newBatchId, newCallId, newTaskId } from '@magictask/runtime'
import { type CallRecord, type Offer, type Outcome, payloadHash, type Submission } from '@magictask/store'

interface SubmissionWishes {
  readonly tenant?: TenantId
  readonly count?: number
  readonly lane?: Lane
  readonly queue?: Queue
  /** What each is thought to take, in tokens: 1 unless told otherwise. */
  readonly cost?: number
  readonly deadline?: Date
  /** The text of each record; says which task it is unless told otherwise. */
  readonly record?: (taskId: TaskId) => string
}

/** Who submits where nothing else is said. */
export const TENANT: TenantId = TenantId.parse('acme')

/** A submission of one plain task, or of what is wished for. */
export function makeSubmission(wishes: SubmissionWishes = {}): Submission {
  const {
    tenant = TENANT,
    count = 1,
    lane = 'normal',
    queue = 'text.free',
    cost = 1,
    deadline,
    record = recordOf,
  } = wishes
  return {
    tenant,
    queue,
    batchId: newBatchId(),
    answer: '{}',
    tasks: Array.from({ length: count }, () => {
      const taskId = newTaskId()
      return {
        taskId,
        campaignSn: 'c1',
        magicType: 'spam_check',
        lane,
        cost,
        record: record(taskId),
        ...(deadline === undefined ? {} : { deadline }),
      }
    }),
  }
}

/** The record of a task of which nothing was said, and what a worker is then offered. */
export const recordOf = (taskId: TaskId): string => `{"task_id":"${taskId}"}`
export const offerOf = (taskId: TaskId): Offer => ({ taskId, payloadHash: payloadHash(recordOf(taskId)) })

interface Claimed {
  readonly taskId: TaskId
  readonly fence: number
}

/** How a claim ends well. */
export const succeeded = ({ taskId, fence }: Claimed, results = '["yes"]'): Outcome => ({
  taskId,
  fence,
  state: 'succeeded',
  results,
  degraded: false,
})

/** How a claim ends for good, without an answer. */
export const failed = ({ taskId, fence }: Claimed): Outcome => ({
  taskId,
  fence,
  state: 'failed',
  results: '[]',
  error: '{"code":"worker.defect"}',
  degraded: false,
})

/** Back to wait after a verdict. */
export const retried = ({ taskId, fence }: Claimed, waitMs = 0): Outcome => ({
  taskId,
  fence,
  state: 'queued',
  counted: true,
  waitMs,
})

/** Back to wait without one. */
export const givenBack = ({ taskId, fence }: Claimed): Outcome => ({
  taskId,
  fence,
  state: 'queued',
  counted: false,
  waitMs: 0,
})

/** A call of a claim that was answered, for three tokens of prompt and two of completion. */
export const callOf = ({ taskId, fence }: Claimed, batchId: CallRecord['batchId']): CallRecord => ({
  taskId,
  batchId,
  callId: newCallId(),
  fence,
  suggestion: 0,
  provider: 'offline',
  model: 'rules',
  promptVersion: 1,
  promptTokens: 3,
  completionTokens: 2,
  latencyMs: 10,
  outcome: 'answered',
})
