import { BatchId, FAULTS, Fault, TaskId, TenantId } from '@magictask/domain'
import { expect, test } from 'vitest'
import {
  Accepted,
  acceptedText,
  BatchAnswer,
  batchText,
  Ended,
  endedFrame,
  FAULT_CODES,
  ListedTask,
  Problem,
  problemOf,
  readCursor,
  readIdempotencyKey,
  readTaskId,
  readWaitSeconds,
  TaskAnswer,
  TokenClaims,
  taskText,
  writeCursor,
} from '../src/index.ts'

const taskId = TaskId.parse('019f3a0e-7c00-7000-8000-000000000001')
const batchId = BatchId.parse('019f3a0e-7c00-7000-8000-000000000000')
const usage = { promptTokens: 1, completionTokens: 2, modelCalls: 1, costMicroUsd: undefined }
const task = {
  taskId,
  batchId,
  campaignSn: 'a',
  magicType: 'spam_check',
  status: 'failed',
  results: '[{"b": 1,"a":2.50}]',
  error: '{"code":"provider.timeout","detail":"late"}',
  degraded: false,
  cached: false,
  attempts: 3,
  usage,
  finishedAt: new Date(),
} as const
const counts = { submitted: 1, queued: 0, running: 0, succeeded: 0, failed: 1, cancelled: 0, expired: 0 }

test("a task's text fits its schema and holds the results as they were stored", () => {
  const text = taskText(task, { results: true })
  expect(TaskAnswer.parse(JSON.parse(text))).toMatchObject({ attempts: 3, usage: { cost_micro_usd: null } })
  expect(text).toContain('"results":[{"b": 1,"a":2.50}]')
})

test('a listed task has no results unless they were asked for', () => {
  expect(ListedTask.parse(JSON.parse(taskText(task, { results: false })))).not.toHaveProperty('results')
})

test("a batch's text fits its schema", () => {
  expect(BatchAnswer.parse(JSON.parse(batchText({ batchId, counts, usage, createdAt: new Date() })))).toMatchObject({
    status: 'error',
    counts,
  })
})

test("a submission's two answers fit their schemas", () => {
  const queued = { ...counts, queued: 1, failed: 0 }
  expect(Accepted.parse(JSON.parse(acceptedText({ batchId, counts: queued }, [task])))).toMatchObject({
    status: 'in_progress',
    tasks: [{ status: 'queued' }],
  })
  const { before, after } = endedFrame({ batchId, counts })
  expect(Ended.parse(JSON.parse(before + taskText(task, { results: true }) + after))).toMatchObject({
    status: 'error',
    tasks: [{ task_id: taskId, status: 'failed' }],
  })
})

test.each(FAULT_CODES)('the fault %s becomes a problem', (code) => {
  const cause = new Error('password=hunter2')
  const problem = problemOf(new Fault(code, { cause, facts: { secret: 'hunter2', task_status: 'failed' } }), 'r1')
  expect(Problem.parse(problem)).toMatchObject({ code, status: FAULTS[code].http, task_status: 'failed' })
  expect(JSON.stringify(problem)).not.toContain('hunter2')
})

test('a cursor goes out and comes back, and no other text is one', () => {
  expect(readCursor(writeCursor(taskId))).toBe(taskId)
  for (const wrong of ['', 'x', '!!!', `${writeCursor(taskId)}=`, 'AAAAAAAAAAAAAAAAAAAAAA']) {
    expect(() => readCursor(wrong)).toThrow(Fault)
  }
})

test('task_ before an id and capitals are accepted, anything else is no task', () => {
  expect(readTaskId(`task_${taskId}`)).toBe(taskId)
  expect(readTaskId(taskId.toUpperCase())).toBe(taskId)
  for (const wrong of [
    '',
    'x',
    `task_task_${taskId}`,
    `${taskId} `,
    '123e4567-e89b-12d3-a456-426614174000',
    undefined,
    1,
  ]) {
    expect(() => readTaskId(wrong)).toThrow('There is no such task.')
  }
})

test('a key is the same bare and quoted', () => {
  expect(readIdempotencyKey('"abc"')).toBe('abc')
  expect(readIdempotencyKey('abc')).toBe('abc')
  expect(readIdempotencyKey('x'.repeat(255))).toHaveLength(255)
  for (const wrong of ['', 'a b', 'x'.repeat(256), 'é', '"a\tb"'])
    expect(() => readIdempotencyKey(wrong)).toThrow(Fault)
})

test.each<[string | undefined, number | undefined]>([
  ['wait=5', 5],
  ['respond-async, wait=10', 10],
  ['Wait = "7"; x=y', 7],
  ['wait=100000', 60],
  ['wait=0', 0],
  ['wait=-1', undefined],
  ['wait=soon', undefined],
  ['waiting=3', undefined],
  [undefined, undefined],
])('Prefer: %s waits for %s seconds', (header, seconds) => {
  expect(readWaitSeconds(header)).toBe(seconds)
})

test('a token without scope may generate, read and cancel; its tenant is its sub; premium is paid', () => {
  expect(TokenClaims.parse({ sub: 'a@b.c', tier: 'premium' })).toEqual({
    tenant: TenantId.parse('a@b.c'),
    tier: 'paid',
    scopes: ['generate', 'read', 'cancel'],
  })
  expect(TokenClaims.parse({ sub: 'a', tenant: 'b', scope: 'read  sudo read' })).toMatchObject({
    tenant: 'b',
    tier: 'free',
    scopes: ['read'],
  })
})

test.each([
  {},
  { sub: '' },
  { sub: 'a b' },
  { sub: 1 },
  { sub: 'a', tenant: '' },
  { sub: 'a', tenant: null },
  { sub: 'a', tenant: 'x'.repeat(129) },
  { sub: 'a', tier: 'gold' },
  { sub: 'a', scope: ['read'] },
  { sub: 'a', scope: null },
  'a',
  null,
  [],
])('the claims %j are nobody’s', (claims) => {
  expect(TokenClaims.safeParse(claims).success).toBe(false)
})
