import { randomUUID } from 'node:crypto'
import { encode, type Task, taskV1 } from '@magictask/contracts'
import { type BatchId, RETRY, TenantId, type WorkerId } from '@magictask/domain'
import { createTelemetry, newBatchId, newTaskId, newWorkerId, noLog, systemClock } from '@magictask/runtime'
import { claimTasks, createBatch, openDatabase, payloadHash, registerWorker } from '@magictask/store'
import { createDatabase } from '@magictask/testkit'
import { inject } from 'vitest'
import type { ClaimedTask, RunningTask } from '../src/running-tasks.ts'

/** What parts of a worker share, as in its `main.ts`, with chance left out. */
export const ground = {
  clock: systemClock,
  log: noLog,
  telemetry: createTelemetry({ processMetrics: false }),
  retry: { ...RETRY, random: () => 0 },
}

const TENANT = TenantId.parse('acme')

/** A database of its own, and the ways to bring tasks into it. */
export async function setup() {
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await createDatabase(inject('postgresUrl'), { template: inject('postgresTemplate') }))
  const db = opened.use(
    openDatabase({
      url: database.url,
      name: 'test',
      maxConnections: 8,
      statementTimeoutMs: 10_000,
      onIdleError: () => undefined,
    }),
  )
  const open = opened.move()
  return {
    db,
    url: database.url,
    submit: async (count: number, more: Partial<Task> = {}) => {
      const batchId = newBatchId()
      const tasks = Array.from({ length: count }, () => taskOf(batchId, more))
      await createBatch(db, {
        tenant: TENANT,
        queue: 'text.free',
        batchId,
        answer: '{}',
        tasks: tasks.map((task) => ({
          taskId: task.task_id,
          campaignSn: task.campaignSn,
          magicType: task.magicType,
          lane: task.lane,
          cost: 300,
          record: encode(taskV1, task),
          ...(task.deadline === undefined ? {} : { deadline: task.deadline }),
        })),
      })
      return tasks
    },
    worker: async () => {
      const workerId = newWorkerId()
      await registerWorker(db, { workerId, slots: 8, version: 'test' })
      return workerId
    },
    claim: (workerId: WorkerId, tasks: readonly Task[]) =>
      claimTasks(db, { workerId, offers: tasks.map(offerOf), suspectRoom: 1, suspectFrom: 2 }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

export function taskOf(batchId: BatchId = newBatchId(), more: Partial<Task> = {}): Task {
  return {
    task_id: newTaskId(),
    batch_id: batchId,
    tenant: TENANT,
    tier: 'free',
    lane: 'normal',
    campaignSn: 'spring',
    magicType: 'title_optimize',
    content: `content ${randomUUID()}`,
    num_suggestions: 1,
    submitted_at: new Date(),
    ...more,
  }
}

/** A record of a task, as it would be offered. */
export function offerOf(task: Task) {
  return { taskId: task.task_id, payloadHash: payloadHash(encode(taskV1, task)) }
}

/** A task that runs, without a database behind it. */
export function runningOf(task: Task, claim: Partial<ClaimedTask['claim']> = {}): RunningTask {
  return {
    task,
    claim: {
      kind: 'claimed',
      taskId: task.task_id,
      fence: 1,
      tries: 0,
      suspect: false,
      answers: new Map(),
      calls: [],
      cost: 1,
      ...claim,
    },
    claimedAtMs: 0,
    stopping: new AbortController(),
    wasAsked: (claim.calls ?? []).length > 0,
    asksForSlot: false,
    underWay: 0,
    idleSinceMs: 0,
    tokens: 0,
    places: 1,
  }
}
