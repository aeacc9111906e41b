import { TenantId } from '@magictask/domain'
import { newCallId, newTaskId } from '@magictask/runtime'
import { type CallRecord, type Database, getTask, type StoredResult } from '@magictask/store'
import { expect, test } from 'vitest'
import { Ledger } from '../src/ledger.ts'
import { ground, setup } from './worker-under-test.ts'

const succeeded = { state: 'succeeded', results: '[1]', degraded: false } as const

/** A database that cannot be reached until it is told to come back, and counts its statements. */
function flaky(db: Database) {
  const state = { away: false, statements: 0 }
  const query: Database['query'] = (text, values) => {
    state.statements += 1
    return state.away ? Promise.reject(new Error('away')) : db.query(text, values)
  }
  return { state, db: { ...db, query } }
}

function callOf(
  task: { task_id: CallRecord['taskId']; batch_id: CallRecord['batchId'] },
  more: Partial<CallRecord> = {},
): CallRecord {
  return {
    taskId: task.task_id,
    batchId: task.batch_id,
    callId: newCallId(),
    fence: 1,
    suggestion: 0,
    provider: 'test',
    model: 'test-1',
    promptVersion: 1,
    latencyMs: 5,
    outcome: 'answered',
    ...more,
  }
}

test('outcomes and calls that come together are written in one statement, and each is told how it went', async () => {
  await using bundle = await setup()
  const tasks = await bundle.submit(50)
  await bundle.claim(await bundle.worker(), tasks)
  const { db, state } = flaky(bundle.db)
  const ended: StoredResult[] = []
  await using ledger = new Ledger({ ...ground, db, onEnded: (results) => ended.push(...results) })
  for (const task of tasks) ledger.recordCall(callOf(task))
  const settled = await Promise.all(
    tasks.map((task) => ledger.settle({ taskId: task.task_id, fence: 1, ...succeeded })),
  )
  expect(new Set(settled)).toEqual(new Set(['settled']))
  expect(state.statements).toBe(1)
  expect(ended).toHaveLength(50)
  expect(await ledger.settle({ taskId: tasks[0]?.task_id ?? newTaskId(), fence: 9, ...succeeded })).toBe('refused')
})

test('no outcome is written before the calls that led to it', async () => {
  await using bundle = await setup()
  const tasks = await bundle.submit(20)
  await bundle.claim(await bundle.worker(), tasks)
  const { db, state } = flaky(bundle.db)
  state.away = true
  await using ledger = new Ledger({ ...ground, db, onEnded: () => undefined })
  for (let call = 0; call < 1_200; call++) {
    const task = tasks[call % tasks.length]
    if (task !== undefined) ledger.recordCall(callOf(task))
  }
  const settled = Promise.race(tasks.map((task) => ledger.settle({ taskId: task.task_id, fence: 1, ...succeeded })))
  while (state.statements < 1) await ground.clock.sleep(10)
  state.away = false
  await settled
  expect(await bundle.db.query('select count(*)::int as calls from model_calls')).toEqual([{ calls: 1_200 }])
})

test('what tasks took beyond what was thought is written in sums, now and then', async () => {
  await using bundle = await setup()
  const tasks = await bundle.submit(40)
  await bundle.claim(await bundle.worker(), tasks)
  await using ledger = new Ledger({ ...ground, db: bundle.db, onEnded: () => undefined })
  const place = { tenant: TenantId.parse('acme'), lane: 'normal', queue: 'text.free' } as const
  const written = async () =>
    bundle.db.query<{ rows: number; tokens: number }>(
      `select count(*)::int as rows, coalesce(sum(tokens), 0)::int as tokens from fair_charges`,
    )
  for (const task of tasks) {
    ledger.charge({ ...place, tokens: 7 })
    await ledger.settle({ taskId: task.task_id, fence: 1, ...succeeded })
  }
  const [sum = { rows: 0, tokens: 0 }] = await written()
  expect(sum.tokens).toBeGreaterThan(0)
  expect(sum.tokens % 7).toBe(0)
  expect(sum.rows).toBeLessThan(sum.tokens / 7)
})

test('while the database is away everything is kept, and written when it is back', async () => {
  await using bundle = await setup()
  const [task] = await bundle.submit(1, { num_suggestions: 2 })
  if (task === undefined) throw new Error('no task')
  await bundle.claim(await bundle.worker(), [task])
  const { db, state } = flaky(bundle.db)
  state.away = true
  const ledger = new Ledger({ ...ground, db, onEnded: () => undefined })
  ledger.recordCall(callOf(task))
  ledger.recordAnswer({ taskId: task.task_id, fence: 1, suggestion: 0, answer: '"early"' })
  const settled = ledger.settle({ taskId: task.task_id, fence: 1, ...succeeded })
  while (state.statements < 2) await ground.clock.sleep(20)
  state.away = false
  expect(await settled).toBe('settled')
  await ledger[Symbol.asyncDispose]()
  expect(await getTask(bundle.db, task.tenant, task.task_id)).toMatchObject({
    status: 'succeeded',
    usage: { modelCalls: 1 },
  })
})

test('a value that PostgreSQL refuses fails its own task and holds up no other', async () => {
  await using bundle = await setup()
  const tasks = await bundle.submit(3)
  await bundle.claim(await bundle.worker(), tasks)
  await using ledger = new Ledger({ ...ground, db: bundle.db, onEnded: () => undefined })
  const [first, bad, last] = tasks
  if (first === undefined || bad === undefined || last === undefined) throw new Error('no tasks')
  ledger.recordCall(callOf(first))
  ledger.recordCall(callOf(bad, { model: 'a NUL: \0' }))
  const how = await Promise.all(
    [first, bad, last].map((task) =>
      ledger.settle({ taskId: task.task_id, fence: 1, ...succeeded, results: task === bad ? '["\0"]' : '[1]' }),
    ),
  )
  expect(how).toEqual(['settled', 'settled', 'settled'])
  expect(await getTask(bundle.db, bad.tenant, bad.task_id)).toMatchObject({
    status: 'failed',
    usage: { modelCalls: 0 },
  })
  expect(await getTask(bundle.db, last.tenant, last.task_id)).toMatchObject({ status: 'succeeded' })
  expect(await getTask(bundle.db, first.tenant, first.task_id)).toMatchObject({ usage: { modelCalls: 1 } })
})
