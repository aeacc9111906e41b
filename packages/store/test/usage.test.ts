import { callOf, openStoreUnderTest, type StoreUnderTest, succeeded, TENANT } from '@magictask/testkit'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type CallRecord, getBatch, getTask, settleTasks, tenantUsage } from '../src/index.ts'

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterAll(() => store[Symbol.asyncDispose]())

const ALWAYS = { from: new Date(0), to: new Date('2999-01-01') }

test('sums on tasks, batches and the tenant agree with the rows to the last micro-dollar, also of late settles', async () => {
  const worker = await store.hire()
  const calls: CallRecord[] = []
  for (const count of [1, 3, 5]) {
    const { batchId, taskIds } = await store.submit({ count })
    for (const [at, claim] of (await store.claim(worker, taskIds)).entries()) {
      const made = Array.from({ length: at + 1 }, (_, suggestion) => ({
        ...callOf(claim, batchId),
        suggestion,
        promptTokens: 100 + at,
        completionTokens: 7 * suggestion,
        costMicroUsd: 1_000_003 * (at + 1) + suggestion,
      }))
      calls.push(...made)
      // Every other claim is somebody else's by now: its outcome is refused, its calls are paid all the same.
      const fence = at % 2 === 0 ? claim.fence : claim.fence + 1
      await settleTasks(store.db, { outcomes: [succeeded({ ...claim, fence })], calls: made, answers: [] })
      expect((await getTask(store.db, TENANT, claim.taskId))?.usage.costMicroUsd).toBe(sumOf(made))
    }
    const ofBatch = calls.filter((call) => call.batchId === batchId)
    expect((await getBatch(store.db, TENANT, batchId))?.usage.costMicroUsd).toBe(sumOf(ofBatch))
  }
  expect(await tenantUsage(store.db, TENANT, ALWAYS)).toEqual({
    modelCalls: calls.length,
    promptTokens: calls.reduce((sum, call) => sum + (call.promptTokens ?? 0), 0),
    completionTokens: calls.reduce((sum, call) => sum + (call.completionTokens ?? 0), 0),
    costMicroUsd: sumOf(calls),
    unpricedCalls: 0,
  })
})

test('a call of unknown price leaves the cost of its task and batch unknown, and is counted beside what is known', async () => {
  const before = await tenantUsage(store.db, TENANT, ALWAYS)
  const { batchId, taskIds } = await store.submit()
  const [claim] = await store.claim(await store.hire(), taskIds)
  if (claim === undefined) throw new Error('The claim did not win')
  const calls = [{ ...callOf(claim, batchId), costMicroUsd: 5 }, callOf(claim, batchId)]
  await settleTasks(store.db, { outcomes: [succeeded(claim)], calls, answers: [] })
  expect((await getTask(store.db, TENANT, claim.taskId))?.usage.costMicroUsd).toBeUndefined()
  expect((await getBatch(store.db, TENANT, batchId))?.usage.costMicroUsd).toBeUndefined()
  const after = await tenantUsage(store.db, TENANT, ALWAYS)
  expect(after.costMicroUsd - before.costMicroUsd).toBe(5)
  expect(after.unpricedCalls - before.unpricedCalls).toBe(1)
})

test('what was before a span is not in it', async () => {
  const nothing = { modelCalls: 0, promptTokens: 0, completionTokens: 0, costMicroUsd: 0, unpricedCalls: 0 }
  expect(await tenantUsage(store.db, TENANT, { from: new Date(0), to: new Date('2000-01-01') })).toEqual(nothing)
})

function sumOf(calls: readonly CallRecord[]): number {
  return calls.reduce((sum, call) => sum + (call.costMicroUsd ?? 0), 0)
}
