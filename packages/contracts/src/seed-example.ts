import { BatchId, TaskId, TenantId } from '@magictask/domain'
import type { z } from 'zod'
import { encode } from './contract.ts'
import { batchText } from './http/batch-answer.ts'
import { acceptedText, endedFrame } from './http/generate.ts'
import { pageText } from './http/list-tasks.ts'
import { type TaskFacts, taskText } from './http/task-answer.ts'
import { resultRecord } from './kafka/result.v1.ts'
import { type Task, taskV1 } from './kafka/task.v1.ts'
import type { Json } from './schema-book.ts'

/*
  One example, followed through every surface: the first task of the seeds' request, from its submission to its end.
  All of it is written by what writes the real answers and records, so it has their shape and cannot fall behind.
*/
const SUBMITTED_AT = new Date('2026-01-05T08:00:00.000Z')
const batchId = BatchId.parse('019b8d2b-8c00-7000-8000-000000000000')
const taskId = TaskId.parse('019b8d2b-8c00-7000-8000-000000000001')

const item = {
  campaignSn: 'abc123',
  magicType: 'title_optimize',
  content: '限時下殺！買一送一活動開跑啦，快邀朋友一起搶購！',
  num_suggestions: 1,
}

const usage = { promptTokens: 212, completionTokens: 41, modelCalls: 1, costMicroUsd: 56 }
const queued = { submitted: 1, queued: 1, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }
const ended = { batchId, counts: { ...queued, queued: 0, succeeded: 1 } }

const task: TaskFacts = {
  taskId,
  batchId,
  ...item,
  status: 'succeeded',
  results: '[{"title":"買一送一限時優惠，快邀好友一起搶購！","sentiment":"positive","is_spam":false}]',
  degraded: false,
  cached: false,
  attempts: 1,
  provider: 'openai',
  model: 'gpt-4o-mini',
  usage,
  startedAt: new Date(SUBMITTED_AT.getTime() + 20),
  finishedAt: new Date(SUBMITTED_AT.getTime() + 940),
}

const times = { createdAt: SUBMITTED_AT, finishedAt: new Date(SUBMITTED_AT.getTime() + 940) }
const cancelled = { ...ended, counts: { ...queued, queued: 0, cancelled: 1 } }
const unused = { promptTokens: 0, completionTokens: 0, modelCalls: 0, costMicroUsd: 0 }
const { startedAt: _, provider: _provider, model: _model, ...unstarted } = task
const cancelledTask: TaskFacts = {
  ...unstarted,
  status: 'cancelled',
  results: '[]',
  error: '{"code":"task.cancelled","detail":"The task was cancelled."}',
  attempts: 0,
  usage: unused,
}

const frame = endedFrame(ended)
const page = pageText([taskText(task, { results: true })], undefined)

/** The ids of the example, as they stand in paths. */
export const EXAMPLE_IDS: Readonly<Record<string, string>> = { task_id: taskId, batch_id: batchId }

/** Examples of JSON answers, by operation and status. */
export const EXAMPLE_ANSWERS: Readonly<Record<string, Readonly<Record<number, Json>>>> = {
  generate: {
    200: JSON.parse(frame.before + taskText(task, { results: true }) + frame.after),
    202: JSON.parse(acceptedText({ batchId, counts: queued }, [task])),
  },
  getTask: { 200: JSON.parse(taskText(task, { results: true })) },
  listTasks: { 200: JSON.parse(pageText([taskText(task, { results: false })], undefined)) },
  cancelTask: { 200: JSON.parse(taskText(cancelledTask, { results: true })) },
  getBatch: { 200: JSON.parse(batchText({ ...ended, ...times, usage })) },
  cancelBatch: { 200: JSON.parse(batchText({ ...cancelled, ...times, usage: unused })) },
  batchResults: { 200: JSON.parse(page) },
}

const record: z.infer<typeof Task> = {
  ...item,
  task_id: taskId,
  batch_id: batchId,
  tenant: TenantId.parse('demo'),
  tier: 'paid',
  lane: 'normal',
  submitted_at: SUBMITTED_AT,
}

const headers = (type: string, id: string) => ({
  ce_specversion: '1.0',
  ce_id: id,
  ce_type: type,
  ce_source: '/magictask',
  ce_time: SUBMITTED_AT.toISOString(),
  'content-type': 'application/json',
})

/** Examples of records, by the name of their message in the AsyncAPI document. */
export const EXAMPLE_RECORDS = {
  task: { headers: headers(taskV1.type, taskId), payload: JSON.parse(encode(taskV1, record)) },
  result: {
    headers: headers('magictask.result.v1', `${taskId}.result`),
    payload: JSON.parse(resultRecord({ taskId, status: 'succeeded', results: task.results })),
  },
  deadLetter: {
    headers: {
      'dead-letter-reason': 'record.not_json',
      'dead-letter-topic': 'magic-task',
      'dead-letter-partition': '3',
      'dead-letter-offset': '42',
      'dead-letter-time': SUBMITTED_AT.toISOString(),
    },
    payload: 'This was no JSON.',
  },
}
