import { openKafkaBroker } from '@magictask/kafka'
import { noLog, systemClock } from '@magictask/runtime'
import { expect, inject, test } from 'vitest'
import { NOTHING_LEFT, startSystem, until, whatIsLeft } from './running-system.ts'

/** The sample of the feature's document. */
const SEED = [
  {
    campaignSn: 'abc123',
    magicType: 'title_optimize',
    content: '限時下殺！買一送一活動開跑啦，快邀朋友一起搶購！',
    num_suggestions: 2,
  },
  {
    campaignSn: 'def456',
    magicType: 'title_optimize',
    content: '最後一天！立即入手最優惠的方案',
    num_suggestions: 2,
  },
]

/** Everything on a topic, from its first record on, as it comes. */
async function readTopic(topic: string) {
  const read: { readonly key: string; readonly value: string }[] = []
  const broker = await openKafkaBroker({
    brokers: inject('kafkaBrokers'),
    clientId: 'test',
    log: noLog,
    clock: systemClock,
  })
  const consumer = await broker.startConsumer({
    topic,
    group: `test-${crypto.randomUUID()}`,
    fromBeginning: true,
    decide: async (records) => {
      for (const { key, value } of records) read.push({ key: String(key), value: String(value) })
      return records.length
    },
    onCrash: (error) => {
      throw error
    },
  })
  return { read, [Symbol.asyncDispose]: () => consumer[Symbol.asyncDispose]() }
}

test('a batch goes in over HTTP, and the same results come out over HTTP, from the database and from the result topic', async () => {
  await using system = await startSystem({ latencyMs: 20 })
  const { batch_id, tasks } = await system.submit(SEED)
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { submitted: 2, succeeded: 2 } })

  await using topic = await readTopic(`${system.topic}.results`)
  await until(() => topic.read.length >= 2)
  for (const { task_id } of tasks) {
    const answer = await system.http(`/api/public/v1/tasks/${task_id}`)
    const [stored] = await system.db.query<{ results: string }>('select results from results where task_id = $1', [
      task_id,
    ])
    expect(JSON.parse(stored?.results ?? '')).toHaveLength(2)
    expect(answer.text).toContain(`"results":${stored?.results}`)
    const records = topic.read.filter((record) => record.key === task_id)
    expect(records.map((record) => record.value)).toEqual([
      `{"task_id":"${task_id}","results":${stored?.results},"status":"succeeded"}`,
    ])
  }
  // num_suggestions is exactly what is paid.
  expect(system.model.calls()).toHaveLength(4)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
})

test('who prefers to wait has the results in the answer to the submission', async () => {
  await using system = await startSystem({ workers: 1 })
  const answer = await system.http('/api/public/v1/generate', {
    method: 'POST',
    json: SEED,
    headers: { prefer: 'wait=25' },
  })
  expect(answer.status).toBe(200)
  expect(answer.json).toMatchObject({ status: 'done', tasks: [{ results: [{}, {}] }, { results: [{}, {}] }] })
})
