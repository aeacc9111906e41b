import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { resumePromptly } from '../src/prompt-resume.ts'

const kafkajs = createRequire(import.meta.url)
const { prototype } = kafkajs('kafkajs/src/consumer/consumerGroup')
const SubscriptionState = kafkajs('kafkajs/src/consumer/subscriptionState')

/** A member with two partitions; a fetch of it rejects as soon as it asks the broker for anything. */
function member() {
  const subscriptionState = new SubscriptionState()
  subscriptionState.assign([{ topic: 'tasks', partitions: [0, 1] }])
  const asked = async () => Promise.reject(new Error('asked'))
  const logger = { info: () => undefined }
  return Object.assign(Object.create(prototype), {
    maxWaitTime: 3_600_000,
    subscriptionState,
    logger,
    cluster: { refreshMetadataIfNecessary: asked },
    recoverFromFetch: async (error: unknown) => Promise.reject(error),
  })
}

test('a member of which everything is paused asks nothing until it is resumed, and then at once', async () => {
  resumePromptly()
  const group = member()
  group.subscriptionState.pause([{ topic: 'tasks', partitions: [0, 1] }])
  let fetched = false
  const fetching = group.fetch(1).finally(() => {
    fetched = true
  })
  fetching.catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(fetched).toBe(false)
  group.resume([{ topic: 'tasks', partitions: [1] }])
  await expect(fetching).rejects.toThrow('asked')
})

test('a member of which one partition is not paused fetches, and one that has none looks for some', async () => {
  resumePromptly()
  const [half, idle] = [member(), member()]
  half.subscriptionState.pause([{ topic: 'tasks', partitions: [0] }])
  await expect(half.fetch(1)).rejects.toThrow('asked')
  idle.subscriptionState.assign([{ topic: 'tasks', partitions: [] }])
  await expect(idle.fetch(1)).rejects.toThrow('asked')
})
