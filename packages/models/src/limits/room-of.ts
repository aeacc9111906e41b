import type { CallKind } from './call-kinds.ts'
import type { AdmissionParts } from './open-admission.ts'
import type { SlotAccount } from './slot-account.ts'
import type { Choice } from './target-desk.ts'

/** So many calls of a kind are kept ready however long the slots of the fleet are taken: these free up side by side. */
export const NEXT_CALLS = 4
/** Calls are made ready this long before there is a slot for them. */
const AHEAD_MS = 800

/**
 * How many more calls of a kind are likely to start within 0.8 s, or are next for a slot, beside those that wait already; infinite where nothing is
 * limited. What nobody was asked for yet counts as there. While all targets are out, one call waits to be the probe.
 */
export function roomOf({ waiting }: AdmissionParts, kind: CallKind): number {
  let room = 0
  for (const choice of kind.choices) room += roomAt(choice)
  if (room === Number.POSITIVE_INFINITY) return room
  return Math.max(room, 1) - waiting.countOf(kind.route.queue)
}

function roomAt({ desk, slots, rates }: Choice): number {
  const { openness, latencyMs = AHEAD_MS } = desk.health
  if (openness === 'out') return 0
  let room = openness === 'limited' ? roomIn(desk.limited, latencyMs) : Number.POSITIVE_INFINITY
  for (const account of slots) room = Math.min(room, roomIn(account, latencyMs))
  for (const { account, counts } of rates) if (counts === 'requests') room = Math.min(room, account.within(AHEAD_MS))
  if (desk.learnedPerSecond !== undefined)
    room = Math.min(room, Math.ceil((desk.learnedPerSecond * AHEAD_MS) / SECOND_MS))
  return room
}

function roomIn(account: SlotAccount, latencyMs: number): number {
  const free = account.mayGrow ? account.cap - account.used : account.held - account.used
  const slots = account.used + free
  const soonFree = Math.ceil((slots * AHEAD_MS) / Math.max(latencyMs, LEAST_LATENCY_MS))
  return free + Math.max(soonFree, Math.min(slots, NEXT_CALLS))
}

const SECOND_MS = 1_000
/** Faster ones are not waited for by the dozen. */
const LEAST_LATENCY_MS = 20
