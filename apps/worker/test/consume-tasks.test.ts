import { encode, taskV1 } from '@magictask/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClaimer } from '../src/claim-records.ts'
import { decideAbout } from '../src/loops/consume-tasks.ts'
import { Places } from '../src/places.ts'
import type { ClaimedTask } from '../src/running-tasks.ts'
import { ground, setup } from './worker-under-test.ts'

let system: Awaited<ReturnType<typeof setup>>
beforeAll(async () => {
  system = await setup()
})
afterAll(() => system[Symbol.asyncDispose]())

test('a record in the topic of another lane takes its place in its own, where it is given back', async () => {
  const [task] = await system.submit(1, { lane: 'low' })
  if (task === undefined) throw new Error('Nothing was submitted')
  const worker = await system.worker()
  const places = new Places(4)
  const started: ClaimedTask[] = []
  const deps = {
    ...ground,
    places,
    ahead: () => 0,
    mayClaim: () => true,
    claim: createClaimer({ db: system.db, workerId: () => worker, suspectRoom: () => 1 }),
    start: (claimed: ClaimedTask) => void started.push(claimed),
    keepSuspect: () => undefined,
    publisher: { publish: async () => undefined, async [Symbol.asyncDispose]() {} },
    deadLetterTopic: 'nowhere',
  }
  const value = Buffer.from(encode(taskV1, task))
  const record = { topic: 'magic-task.high', partition: 0, offset: '0', key: null, value, headers: {} }
  expect(await decideAbout(deps, 'high', [record])).toBe(1)
  expect(started.map((claimed) => claimed.task.task_id)).toEqual([task.task_id])

  places.giveBack('low', 1) // as the runner does at the task's end
  expect(places.take('low', 9, { ahead: 0, nowMs: 0 })).toBe(4)
  places.giveBack('low', 4)
  expect(places.take('high', 9, { ahead: 0, nowMs: 0 })).toBe(3) // one is kept for `low`, which wanted more
})
