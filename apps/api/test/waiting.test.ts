import { readBatchId, readTaskId } from '@magictask/contracts'
import { TenantId } from '@magictask/domain'
import { cancelBatch, cancelTask } from '@magictask/store'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type ApiUnderTest, GENERATE, startApiUnderTest } from './api-under-test.ts'

const acme = TenantId.parse('acme')
const items = [
  { campaignSn: 'a', magicType: 'spam_check', content: 'one' },
  { campaignSn: 'b', magicType: 'spam_check', content: 'two' },
]
const Accepted = z.object({ batch_id: z.string(), tasks: z.array(z.object({ task_id: z.string() })) })

async function submit(sut: ApiUnderTest, headers: Record<string, string> = {}) {
  return Accepted.parse((await sut.http(GENERATE, { method: 'POST', json: items, headers })).json)
}

/** The newest batch, as soon as it is stored. */
async function nextBatch(sut: ApiUnderTest) {
  for (;;) {
    const [row] = await sut.db.query<{ batch_id: string }>(
      'select batch_id from batches order by batch_id desc limit 1',
    )
    if (row !== undefined) return readBatchId(row.batch_id)
  }
}

test('a submission that waits answers 200 with the results once all have ended', async () => {
  await using sut = await startApiUnderTest()
  const waiting = sut.http(GENERATE, { method: 'POST', json: items, headers: { prefer: 'wait=30' } })
  await cancelBatch(sut.db, acme, await nextBatch(sut))
  const answer = await waiting
  expect(answer.status).toBe(200)
  expect(answer.headers.get('preference-applied')).toBe('wait=30')
  expect(answer.json).toMatchObject({
    status: 'cancelled',
    counts: { submitted: 2, cancelled: 2 },
    tasks: [{ campaignSn: 'a', status: 'cancelled', results: [] }, { campaignSn: 'b' }],
  })
  const { tasks } = Accepted.parse(answer.json)
  const alone = await Promise.all(tasks.map(({ task_id }) => sut.http(`/api/public/v1/tasks/${task_id}`)))
  expect(answer.json).toHaveProperty(
    'tasks',
    alone.map(({ json }) => json),
  )
})

test('a submission whose time is over answers 202', async () => {
  await using sut = await startApiUnderTest()
  const answer = await sut.http(GENERATE, { method: 'POST', json: items, headers: { prefer: 'wait=1' } })
  expect([answer.status, answer.headers.get('preference-applied')]).toEqual([202, 'wait=1'])
})

test('a task and its batch are held back until they have ended, with no word from the result topic', async () => {
  await using sut = await startApiUnderTest()
  const { batch_id, tasks } = await submit(sut)
  const headers = { prefer: 'wait=30' }
  const task = sut.http(`/api/public/v1/tasks/${tasks[0]?.task_id}`, { headers })
  const batch = sut.http(`/api/public/v1/batches/${batch_id}`, { headers })
  await sut.http(`/api/public/v1/tasks/${tasks[0]?.task_id}`, { method: 'DELETE' })
  expect((await task).json).toMatchObject({ status: 'cancelled' })
  await cancelTask(sut.db, acme, readTaskId(tasks[1]?.task_id))
  const answer = await batch
  expect(answer.json).toMatchObject({ status: 'cancelled', counts: { cancelled: 2 } })
  expect(answer.headers.has('retry-after')).toBe(false)
})

test('garbage and strangers on the result topic wake nobody and harm nobody', async () => {
  await using sut = await startApiUnderTest()
  const { tasks } = await submit(sut)
  const task = sut.http(`/api/public/v1/tasks/${tasks[0]?.task_id}`, { headers: { prefer: 'wait=30' } })
  const topic = sut.topics.results
  await sut.publisher.publish([
    { topic, key: null, value: null },
    { topic, key: Buffer.from([0xff, 0xfe]), value: 'no json' },
    { topic, key: tasks[0]?.task_id ?? '', value: '{"status":"succeeded"}' },
  ])
  await cancelTask(sut.db, acme, readTaskId(tasks[0]?.task_id))
  expect((await task).json).toMatchObject({ status: 'cancelled' })
})

test('a hundred who wait for one batch are all let go', async () => {
  await using sut = await startApiUnderTest()
  const { batch_id } = await submit(sut)
  const waiting = Array.from({ length: 100 }, () =>
    sut.http(`/api/public/v1/batches/${batch_id}`, { headers: { prefer: 'wait=30' } }),
  )
  await cancelBatch(sut.db, acme, readBatchId(batch_id))
  for (const answer of await Promise.all(waiting)) expect(answer.json).toMatchObject({ status: 'cancelled' })
})

test('those who wait while the api stops get what there is', async () => {
  const sut = await startApiUnderTest()
  const waiting = sut.http(GENERATE, { method: 'POST', json: items, headers: { prefer: 'wait=60' } })
  await nextBatch(sut)
  const [answer] = await Promise.all([waiting, sut[Symbol.asyncDispose]()])
  expect(answer.status).toBe(202)
  await expect(fetch(`${sut.address}/livez`)).rejects.toThrow()
})
