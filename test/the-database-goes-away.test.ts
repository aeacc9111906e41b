import { startPostgres } from '@magictask/testkit'
import { expect, test } from 'vitest'
import { items, NOTHING_LEFT, startSystem, until, whatIsLeft } from './running-system.ts'

test('with PostgreSQL crashed a submission is refused as 503; when it is back, calls that were in flight are settled and nothing is paid twice', async () => {
  await using postgres = await startPostgres()
  await using system = await startSystem({ workers: 2, latencyMs: 1_000, postgresUrl: postgres.url })
  const { batch_id } = await system.submit(items(120))
  await until(() => system.model.calls().length >= 40)
  await postgres.stop()
  const refused = await system.http('/api/public/v1/generate', { method: 'POST', json: items(1, 'refused') })
  expect(refused.status).toBe(503)
  expect(refused.json).toMatchObject({ code: 'service.unavailable' })
  // Longer than a lease: the first to see the database again must not take the living for dead.
  await new Promise((resolve) => setTimeout(resolve, 8_000))
  await postgres.start()
  expect(await system.ended(batch_id)).toMatchObject({ status: 'done', counts: { succeeded: 120 } })
  expect(system.model.calls()).toHaveLength(120)
  expect(await whatIsLeft(system)).toEqual(NOTHING_LEFT)
}, 120_000)
