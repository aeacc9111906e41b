import { createRequire } from 'node:module'

/**
 * Stops kafkajs 2.2.4 from setting a timer of a millisecond again and again on every idle connection, which costs a
 * few per cent of a core (its issues 1556, 1704 and 1751). A check is due only while something waits to be sent or
 * the broker has asked for a pause. Twice is harmless.
 */
export function calmRequestQueues(): void {
  if (calmed) return
  calmed = true
  const { prototype } = requestQueueClass()
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function scheduleWhenNeeded() {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
  }
}

let calmed = false

interface RequestQueue {
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  scheduleCheckPendingRequests(this: RequestQueue): void
}

/** The version is pinned, and this file of it has these members. */
function requestQueueClass(): { readonly prototype: RequestQueue } {
  return createRequire(import.meta.url)('kafkajs/src/network/requestQueue')
}
