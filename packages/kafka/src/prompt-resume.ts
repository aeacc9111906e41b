import { createRequire } from 'node:module'

/**
 * Lets a consumer of which every partition is paused fetch as soon as it is resumed. kafkajs 2.2.4 sleeps instead, for as long as an
 * idle fetch waits, and looks again then (its consumerGroup.js). Twice is harmless.
 */
export function resumePromptly(): void {
  if (isPrompt) return
  isPrompt = true
  const { prototype } = consumerGroupClass()
  const { fetch, resume } = prototype
  const sleeping = new WeakMap<ConsumerGroup, Set<() => void>>()
  prototype.fetch = async function fetchOnceResumed(nodeId) {
    if (isPaused(this)) await sleepUntilResumed(this, sleeping)
    return isPaused(this) ? [] : fetch.call(this, nodeId)
  }
  prototype.resume = function resumeAndWake(topicPartitions) {
    resume.call(this, topicPartitions)
    for (const wake of sleeping.get(this) ?? []) wake()
  }
}

let isPrompt = false

/** What is used of it: the version is pinned, and this file of it has these members. */
interface ConsumerGroup {
  readonly maxWaitTime: number
  readonly subscriptionState: { assigned(): Partitions; active(): Partitions }
  fetch(this: ConsumerGroup, nodeId: unknown): Promise<readonly unknown[]>
  resume(this: ConsumerGroup, topicPartitions: unknown): void
}

type Partitions = readonly { readonly partitions: readonly number[] }[]

function consumerGroupClass(): { readonly prototype: ConsumerGroup } {
  return createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup')
}

/** A member that has no partitions goes kafkajs' own way, and sees there when its topic gets more of them. */
function isPaused({ subscriptionState }: ConsumerGroup): boolean {
  return !isEmpty(subscriptionState.assigned()) && isEmpty(subscriptionState.active())
}

function isEmpty(topics: Partitions): boolean {
  return topics.every(({ partitions }) => partitions.length === 0)
}

/** A fetcher for each broker may sleep here. No longer than an idle fetch waits, for the caller sends heartbeats in between. */
function sleepUntilResumed(group: ConsumerGroup, sleeping: WeakMap<ConsumerGroup, Set<() => void>>): Promise<void> {
  const wakers = sleeping.get(group) ?? new Set()
  sleeping.set(group, wakers)
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer)
      wakers.delete(wake)
      resolve()
    }
    const timer = setTimeout(wake, group.maxWaitTime)
    wakers.add(wake)
  })
}
