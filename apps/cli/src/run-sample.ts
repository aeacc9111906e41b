import { randomUUID } from 'node:crypto'
import { generateSpec, TaskAnswer } from '@magictask/contracts'
import type { z } from 'zod'
import type { ApiClient } from './api-client.ts'
import { type Batch, untilEnded } from './until-ended.ts'

export type SampleTask = z.infer<typeof TaskAnswer>

/** The tasks that the description of the api shows. */
export function sampleTasks(magicTypes: readonly string[]) {
  return generateSpec(magicTypes).body.example
}

/** Runs the sample anew and gives its tasks, ended. */
export async function runSample(
  client: ApiClient,
  magicTypes: readonly string[],
  onLook: (batch: Batch) => void,
): Promise<readonly SampleTask[]> {
  const id = await client.submit(JSON.stringify(sampleTasks(magicTypes)), `sample-${randomUUID()}`)
  await untilEnded(client, id, onLook)
  const tasks: SampleTask[] = []
  for await (const line of client.results(id)) tasks.push(TaskAnswer.parse(JSON.parse(line)))
  return tasks
}
