import type { Publisher } from '@magictask/kafka'
import { topicNames } from '@magictask/kafka'
import { type Database, takeResults } from '@magictask/store'
import { expect, test } from 'vitest'
import { Ledger } from '../src/ledger.ts'
import { createResultsPublisher, type ResultsPublisher } from '../src/results-publisher.ts'
import { ground, setup } from './worker-under-test.ts'

const topics = topicNames('tasks')
const succeeded = { state: 'succeeded', results: '[1]', degraded: false } as const

/** Settles so many tasks, hands their results to a publisher and ends it. Gives what was published, cleared how often, and left. */
async function publishedAtTheEnd(count: number, publish: Publisher['publish']) {
  await using bundle = await setup()
  const tasks = await bundle.submit(count)
  await bundle.claim(await bundle.worker(), tasks)
  let clears = 0
  const query: Database['query'] = async (text, values) => {
    const isClear = text.includes('delete from result_outbox')
    if (isClear) await new Promise((resolve) => setTimeout(resolve, 50)) // whoever does not wait for it is gone by then
    clears += isClear ? 1 : 0
    return bundle.db.query(text, values)
  }
  const publisher: Publisher = { publish, async [Symbol.asyncDispose]() {} }
  const results: ResultsPublisher = createResultsPublisher({
    ...ground,
    db: { ...bundle.db, query },
    publisher,
    topics,
  })
  {
    await using ledger = new Ledger({ ...ground, db: bundle.db, onEnded: (ended) => results.publish(ended) })
    for (const { task_id: taskId } of tasks) await ledger.settle({ taskId, fence: 1, ...succeeded })
  }
  await results.idle()
  return { clears, left: (await takeResults(bundle.db, { olderThanMs: 0, limit: 500 })).length }
}

test('what was published is struck off in few statements, and all of it before the end', async () => {
  let published = 0
  const { clears, left } = await publishedAtTheEnd(8, async (records) => {
    published += records.length
  })
  expect([published, left]).toEqual([8, 0])
  expect(clears).toBeLessThan(8)
})

test('what could not be published stays for the others', async () => {
  const { clears, left } = await publishedAtTheEnd(2, () => Promise.reject(new Error('away')))
  expect([clears, left]).toEqual([0, 2])
})
