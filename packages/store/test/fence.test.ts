import { TaskId } from '@magictask/domain'
import { newWorkerId } from '@magictask/runtime'
import {
  callOf,
  failed,
  givenBack,
  offerOf,
  openStoreUnderTest,
  retried,
  type StoreUnderTest,
  succeeded,
  TENANT,
} from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  claimTasks,
  getBatch,
  getTask,
  lostTasks,
  payloadHash,
  type Settlement,
  settleTasks,
  takeResults,
  unknownTasks,
} from '../src/index.ts'

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterAll(() => store[Symbol.asyncDispose]())

const settle = async (settlement: Partial<Settlement>) => [
  ...(await settleTasks(store.db, { outcomes: [], calls: [], answers: [], ...settlement })).values(),
]

async function running(wishes: Parameters<StoreUnderTest['submit']>[0] = {}) {
  const { batchId, taskIds } = await store.submit(wishes)
  const worker = await store.hire()
  const [claim] = await store.claim(worker, taskIds)
  if (claim === undefined) throw new Error('The claim did not win')
  return { batchId, worker, claim, taskIds }
}

// PROTOCOL 1: one number for both
test('a give-back is not counted, and yet the late settle of the first claim is refused', async () => {
  const { claim, taskIds } = await running()
  expect(await settle({ outcomes: [givenBack(claim)] })).toEqual(['settled'])
  const [second] = await store.claim(await store.hire(), taskIds)
  expect(second).toMatchObject({ fence: 2, tries: 0, suspect: false })
  expect(await settle({ outcomes: [failed(claim)] })).toEqual(['refused'])
  expect(await settle({ outcomes: [succeeded({ taskId: claim.taskId, fence: 2 }, '["second"]')] })).toEqual(['settled'])
  expect(await getTask(store.db, TENANT, claim.taskId)).toMatchObject({ status: 'succeeded', results: '["second"]' })
})

test('what is shown of a task is not limited by what one call may count', async () => {
  const { batchId, claim } = await running()
  const calls = [0, 1].map((suggestion) => ({ ...callOf(claim, batchId), suggestion, promptTokens: 2_000_000_000 }))
  await settle({ calls })
  expect((await getTask(store.db, TENANT, claim.taskId))?.usage.promptTokens).toBe(4_000_000_000)
})

test('a claim tells how long its deadline is off, by the clock of PostgreSQL', async () => {
  const { claim } = await running({ deadline: new Date(Date.now() + 3_600_000) })
  expect(claim.deadlineInMs).toBeGreaterThan(3_500_000)
  expect(claim.deadlineInMs).toBeLessThan(3_700_000)
  expect((await running()).claim.deadlineInMs).toBeUndefined()
})

// PROTOCOL 1: a settle that finds no row reads back
test('the same settle again says that it had arrived, and writes nothing twice', async () => {
  const { claim, batchId } = await running()
  const settlement = { outcomes: [succeeded(claim)], calls: [callOf(claim, batchId)] }
  expect(await settle(settlement)).toEqual(['settled'])
  expect(await settle(settlement)).toEqual(['already'])
  expect(await getBatch(store.db, TENANT, batchId)).toMatchObject({
    counts: { submitted: 1, succeeded: 1, running: 0, queued: 0 },
    usage: { modelCalls: 1, promptTokens: 3, completionTokens: 2, costMicroUsd: undefined },
  })
})

test('the same retry or give-back again says that it had arrived, as long as nobody has claimed the task since', async () => {
  for (const again of [retried, givenBack]) {
    const { claim, taskIds } = await running()
    expect(await settle({ outcomes: [again(claim)] })).toEqual(['settled'])
    expect(await settle({ outcomes: [again(claim)] })).toEqual(['already'])
    const [second] = await store.claim(await store.hire(), taskIds)
    expect(second).toMatchObject({ fence: 2, tries: again === retried ? 1 : 0 })
    expect(await settle({ outcomes: [again(claim)] })).toEqual(['refused'])
  }
})

// PROTOCOL 5: the call was made and is paid
test('a call is recorded also when its outcome is refused, and never twice', async () => {
  const { claim, batchId, taskIds } = await running()
  await settle({ outcomes: [givenBack(claim)] })
  await store.claim(await store.hire(), taskIds)
  const calls = [{ ...callOf(claim, batchId), costMicroUsd: 7 }]
  expect(await settle({ outcomes: [succeeded(claim)], calls })).toEqual(['refused'])
  await settle({ calls })
  const usage = { modelCalls: 1, promptTokens: 3, completionTokens: 2, costMicroUsd: 7 }
  expect(await getBatch(store.db, TENANT, batchId)).toMatchObject({ usage, counts: { running: 1 } })
  expect(await getTask(store.db, TENANT, claim.taskId)).toMatchObject({ usage, status: 'running' })
})

// PROTOCOL 5: a death costs the calls in flight and no others
test('an early answer is handed to the next claim, and one of an older claim is not taken any more', async () => {
  const { claim, taskIds } = await running()
  const answer = (fence: number, suggestion: number) => ({
    taskId: claim.taskId,
    fence,
    suggestion,
    answer: `"${fence}"`,
  })
  await settle({ answers: [answer(1, 2)] })
  await settle({ outcomes: [givenBack(claim)] })
  await settle({ answers: [answer(1, 0)] }) // late, but nobody has claimed it since
  const [second] = await store.claim(await store.hire(), taskIds)
  expect(second?.answers).toEqual(
    new Map([
      [2, '"1"'],
      [0, '"1"'],
    ]),
  )
  await settle({ answers: [answer(1, 1), answer(2, 0)] })
  await settle({ outcomes: [givenBack({ taskId: claim.taskId, fence: 2 })] })
  const [third] = await store.claim(await store.hire(), taskIds)
  expect(third?.answers).toEqual(
    new Map([
      [0, '"1"'],
      [2, '"1"'],
    ]),
  )
})

test('a claim says what was asked before, in the order of asking, aborted calls and probes aside', async () => {
  const { claim, batchId, taskIds } = await running()
  const call = (suggestion: number, outcome: string) => ({ ...callOf(claim, batchId), suggestion, outcome })
  const probe = { ...call(2, 'provider.timeout'), probe: true }
  const calls = [
    call(0, 'answer.not_json'),
    call(0, 'provider.timeout'),
    call(1, 'aborted'),
    call(2, 'answered'),
    probe,
  ]
  await settle({ outcomes: [retried(claim)], calls: calls.toReversed() })
  const [second] = await store.claim(await store.hire(), taskIds)
  expect(second?.tries).toBe(1)
  expect(second?.calls.map((each) => `${each.suggestion} ${each.outcome}`)).toEqual([
    '0 answer.not_json',
    '0 provider.timeout',
    '2 answered',
  ])
})

// PROTOCOL 2: the rescuer deletes a dead worker's row
test('a worker without a row claims nothing', async () => {
  const { taskIds } = await store.submit({ count: 3 })
  expect(await store.claim(newWorkerId(), taskIds)).toEqual([])
  expect(await store.claim(await store.hire(), taskIds)).toHaveLength(3)
})

// PROTOCOL 4: claim compares the payload's hash
test('an offer of an unknown task or of another content runs nothing and is told apart', async () => {
  const known = await store.submit()
  const {
    taskIds: [unsubmitted],
  } = await (await openTwin()).submit()
  const [taskId] = known.taskIds
  if (taskId === undefined || unsubmitted === undefined) throw new Error('nothing was submitted')
  const offers = [offerOf(unsubmitted), { taskId, payloadHash: payloadHash('another') }]
  const ask = { workerId: await store.hire(), suspectRoom: 1, suspectFrom: 2 }
  expect(await claimTasks(store.db, { ...ask, offers })).toEqual([
    { kind: 'unknown', taskId: unsubmitted },
    { kind: 'differs', taskId },
  ])
  const again = await claimTasks(store.db, { ...ask, offers: [...offers, offerOf(taskId)] })
  expect(again.map((claim) => claim.kind)).toEqual(['unknown', 'differs', 'claimed'])
})

/** Ids that are ids, and of another store. */
async function openTwin(): Promise<StoreUnderTest> {
  const twin = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
  return { ...twin, submit: async (wishes) => twin.submit(wishes).finally(() => twin[Symbol.asyncDispose]()) }
}

// PROTOCOL 3: claim demands due_at <= now()
test('a retry is not claimed before its time', async () => {
  const { claim, taskIds } = await running()
  await settle({ outcomes: [retried(claim, 3_600_000)] })
  expect(await store.claim(await store.hire(), taskIds)).toEqual([])
  await store.db.query('update waiting set due_at = now() where task_id = $1', [claim.taskId])
  expect(await store.claim(await store.hire(), taskIds)).toHaveLength(1)
})

// PROTOCOL 2: the claim committed, its answer was lost
test('a worker finds the tasks that run on it and of which it does not know', async () => {
  const { claim, worker, taskIds } = await running({ count: 2 })
  const ask = { workerId: worker, known: [claim.taskId], olderThanMs: 0 }
  expect(await unknownTasks(store.db, ask)).toEqual([{ taskId: taskIds[1], fence: 1 }])
  expect(await unknownTasks(store.db, { ...ask, olderThanMs: 60_000 })).toEqual([])
})

test('a worker learns which of its claims it has lost', async () => {
  const { claim, taskIds } = await running({ count: 2 })
  await settle({ outcomes: [givenBack(claim)] })
  const held = taskIds.map((taskId) => ({ taskId, fence: 1 }))
  expect(await lostTasks(store.db, held)).toEqual(new Set([claim.taskId]))
})

// PROTOCOL 5; promise 6
test('the result waits in the outbox with the bytes of the settle, and is left alone until it is two seconds old', async () => {
  const { claim } = await running()
  const results = '[{"b":1,  "a":"\\u2028\\\\"}]'
  await settle({ outcomes: [succeeded(claim, results)] })
  const mine = async (olderThanMs: number) =>
    (await takeResults(store.db, { olderThanMs, limit: 500 })).filter((result) => result.taskId === claim.taskId)
  expect(await mine(60_000)).toEqual([])
  expect(await mine(0)).toEqual([{ taskId: claim.taskId, status: 'succeeded', results }])
})

test('a foreign record with an id in capitals does not make genuine ones unknown', async () => {
  const { taskIds } = await store.submit({ count: 3 })
  const [first] = taskIds
  if (first === undefined) throw new Error('Nothing was submitted')
  const foreign = { taskId: TaskId.parse(first.toUpperCase()), payloadHash: payloadHash('foreign') }
  const offers = [foreign, ...taskIds.map(offerOf)]
  const claims = await claimTasks(store.db, { workerId: await store.hire(), offers, suspectRoom: 1, suspectFrom: 2 })
  expect(claims.map((claim) => claim.kind)).toEqual(['differs', 'claimed', 'claimed', 'claimed'])
})
