import { startKafka } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { items, NOTHING_LEFT, startSystem, until, whatIsLeft } from './running-system.ts'

test('with Kafka killed submissions are accepted and calls in flight are settled; when it is back, all of it is done, once', async () => {
  await using kafka = await startKafka()
  await using system = await startSystem({ workers: 2, latencyMs: 200, brokers: kafka.brokers })
  const before = await system.submit(items(200, 'before'))
  await until(() => system.model.calls().length >= 40)
  await kafka.stop()
  const meanwhile = await system.submit(items(100, 'meanwhile'))
  expect(await system.task(meanwhile.tasks[0]?.task_id ?? '')).toMatchObject({ status: 'queued' })
  await until(async () => (await system.db.query(`select from tasks where state = 'running'`)).length === 0)
  await kafka.start()
  expect(await system.ended(before.batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 200 } })
  expect(await system.ended(meanwhile.batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 100 } })
  expect(system.model.calls()).toHaveLength(300)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 180_000)
