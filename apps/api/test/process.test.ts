import { createDatabase, openHttpClient, startApp } from '@magictask/testkit'
import { expect, inject, test } from 'vitest'
import { z } from 'zod'
import { GENERATE, SECRET, tokenFor } from './api-under-test.ts'

const ITEM = { campaignSn: 'a', magicType: 'spam_check', content: 'x' }
const Accepted = z.object({ tasks: z.array(z.object({ task_id: z.string() })) })

/** What an api process is told, on a database of its own. */
async function environment(changes: Record<string, string> = {}) {
  const database = await createDatabase(inject('postgresUrl'), { template: inject('postgresTemplate') })
  const env = {
    POSTGRES_URL: database.url,
    KAFKA_BOOTSTRAP_SERVERS: inject('kafkaBrokers').join(),
    KAFKA_TOPIC: `api-${crypto.randomUUID()}`,
    KAFKA_PARTITIONS: '1',
    JWT_SECRET: SECRET,
    ...changes,
  }
  return { env, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

test('on a real Kafka and PostgreSQL a batch is accepted, its end wakes who waits, and SIGTERM ends the process cleanly', async () => {
  await using surroundings = await environment()
  await using api = await startApp('api', { env: surroundings.env, portVariable: 'LLM_PORT' })
  const http = (await openHttpClient(api.url)).withToken(tokenFor('acme'))
  const { tasks } = Accepted.parse((await http(GENERATE, { method: 'POST', json: [ITEM] })).json)
  const id = tasks[0]?.task_id ?? ''
  const waiting = http(`/api/public/v1/tasks/${id}`, { headers: { prefer: 'wait=30' } })
  expect((await http(`/api/public/v1/tasks/${id}`, { method: 'DELETE' })).status).toBe(200)
  expect((await waiting).json).toMatchObject({ status: 'cancelled' })
  api.kill('SIGTERM')
  expect(await api.exited).toBe(0)
  expect(api.log()).not.toContain(tokenFor('acme').split('.')[2])
})

test('without a broker it starts, and accepts', async () => {
  await using surroundings = await environment({ KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1' })
  await using api = await startApp('api', { env: surroundings.env, portVariable: 'LLM_PORT' })
  const http = (await openHttpClient(api.url)).withToken(tokenFor('acme'))
  expect((await http(GENERATE, { method: 'POST', json: [ITEM] })).status).toBe(202)
})

test('a wrong environment ends it with exit 2 and one message that names every variable and no value', async () => {
  await using api = await startApp('api', {
    env: { POSTGRES_URL: 'hunter2', JWT_SECRET: 'hunter2', MAX_WAITING: 'hunter2' },
    portVariable: 'LLM_PORT',
    readyWithinMs: 0,
  })
  expect(await api.exited).toBe(2)
  for (const name of ['POSTGRES_URL', 'KAFKA_BOOTSTRAP_SERVERS', 'JWT_SECRET', 'MAX_WAITING'])
    expect(api.log()).toContain(name)
  expect(api.log()).not.toContain('hunter2')
})
