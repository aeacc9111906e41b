import { createDatabase, startKafka, startPostgres } from '@magictask/testkit'
import type { TestProject } from 'vitest/node'

/** Starts what the tests of a project share: PostgreSQL, and Kafka unless the project is `database`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using opened = new AsyncDisposableStack()
  const starting = [providePostgres(project, opened)]
  if (project.name !== 'database') starting.push(provideKafka(project, opened))
  await Promise.allSettled(starting) // what did start has to be ended, also when the other did not
  await Promise.all(starting)
  const open = opened.move()
  return () => open.disposeAsync()
}

async function providePostgres(project: TestProject, opened: AsyncDisposableStack): Promise<void> {
  const postgres = opened.use(await startPostgres({ env: process.env }))
  const template = opened.use(await createDatabase(postgres.url))
  project.provide('postgresUrl', postgres.url)
  project.provide('postgresTemplate', new URL(template.url).pathname.slice(1))
  process.stderr.write(`PostgreSQL for the ${project.name} tests: ${postgres.how}\n`)
}

async function provideKafka(project: TestProject, opened: AsyncDisposableStack): Promise<void> {
  const kafka = opened.use(await startKafka({ env: process.env }))
  project.provide('kafkaBrokers', [...kafka.brokers])
  process.stderr.write(`Kafka for the ${project.name} tests: ${kafka.how}\n`)
}
