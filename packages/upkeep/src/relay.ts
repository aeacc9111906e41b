import { isDeepStrictEqual } from 'node:util'
import { LANES, type WeightOf, weightsFrom } from '@magictask/domain'
import type { Publisher, TopicNames } from '@magictask/kafka'
import { type Clock, type Log, type Loop, startLoop, type Telemetry } from '@magictask/runtime'
import {
  type Database,
  keepReleaseRoom,
  lookAtWaiting,
  markReleased,
  type QueueRoom,
  type Released,
  tendWaiting,
  wakeWaiting,
} from '@magictask/store'
import {
  chargePlan,
  FIRST_PLAN,
  nextLooks,
  type Plan,
  planRelease,
  queueRooms,
  type Room,
  roomOf,
} from './plan-release.ts'
import { toTaskRecord } from './task-records.ts'

export interface RelayDeps {
  readonly db: Database
  readonly publisher: Publisher
  readonly topics: TopicNames
  /** This process, for the lease: one at a time releases. */
  readonly holder: string
  /** Default: all tenants weigh the same. */
  readonly tenantWeights?: ReadonlyMap<string, number>
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

const LEASE_MS = 3_000
/** What is on Kafka lasts for two such pauses, and what workers have claimed ahead for longer, so a shorter one only costs statements. */
const BUSY_PAUSE_MS = 125
const IDLE_PAUSE_MS = 200
const OTHER_HOLDS_PAUSE_MS = 1_000
const TEND_EVERY_MS = 200
const WAKE_EVERY_MS = 1_000

/**
 * Puts on Kafka what should be there and is not: what found its window full, whose API died after the commit, whose
 * time has come, whose worker died, whose record was lost. Who comes first is decided here: lanes by their weights, tenants by fair
 * shares. Marks first, in a statement of its own, then publishes: a crash between the two leaves a mark that runs out.
 */
export function startRelay(deps: RelayDeps): Loop {
  const relay: Relay = { plan: FIRST_PLAN, room: undefined, tendedAtMs: NEVER_MS, wokeAtMs: NEVER_MS }
  return startLoop({
    name: 'relay',
    clock: deps.clock,
    pauseMs: IDLE_PAUSE_MS,
    turn: () => release(deps, relay),
    onError: (error) => deps.log.warn('tasks could not be released; they are released again', {}, error),
  })
}

const NEVER_MS = Number.NEGATIVE_INFINITY

/** What one relay remembers. */
interface Relay {
  plan: Plan
  /** As of the last tending; undefined while another process releases. */
  room: Room | undefined
  tendedAtMs: number
  wokeAtMs: number
}

async function release(deps: RelayDeps, relay: Relay): Promise<number> {
  const weightOf = weightsFrom(deps.tenantWeights ?? new Map())
  const room = await tend(deps, relay, weightOf)
  if (room === undefined) return OTHER_HOLDS_PAUSE_MS
  const { looks, mostTenants } = nextLooks(relay.plan)
  const places = await lookAtWaiting(deps.db, looks, mostTenants)
  const { taskIds, plan } = planRelease(relay.plan, { places, room, nowMs: deps.clock.elapsedMs(), weightOf })
  if (taskIds.length === 0) {
    relay.plan = plan
    return IDLE_PAUSE_MS
  }
  const { holds, tasks } = await markReleased(deps.db, { holder: deps.holder, leaseMs: LEASE_MS, taskIds })
  if (!holds) return OTHER_HOLDS_PAUSE_MS
  relay.plan = plan
  await publish(deps, tasks)
  return BUSY_PAUSE_MS
}

/** A few times a second, whether anything is released or not. Gives the room there is; undefined while another process releases. */
async function tend(deps: RelayDeps, relay: Relay, weightOf: WeightOf): Promise<Room | undefined> {
  const nowMs = deps.clock.elapsedMs()
  if (relay.room !== undefined && nowMs - relay.tendedAtMs < TEND_EVERY_MS) return relay.room
  const { holds, charges, fleet } = await tendWaiting(deps.db, { holder: deps.holder, leaseMs: LEASE_MS })
  relay.plan = chargePlan(relay.plan, charges, weightOf)
  const room = holds ? roomOf(fleet) : undefined
  if (room !== undefined) await keepRooms(deps, relay, queueRooms(room))
  relay.room = room
  relay.tendedAtMs = nowMs
  if (holds && nowMs - relay.wokeAtMs >= WAKE_EVERY_MS) {
    // Whoever changes a target's state wakes what waits for it; this is for those that died in between, and for what was being written then.
    const { more } = await wakeWaiting(deps.db)
    relay.wokeAtMs = more ? NEVER_MS : nowMs
  }
  return relay.room
}

/** Written only when they have changed. */
async function keepRooms({ db }: RelayDeps, relay: Relay, rooms: readonly QueueRoom[]): Promise<void> {
  if (relay.room !== undefined && isDeepStrictEqual(rooms, queueRooms(relay.room))) return
  await keepReleaseRoom(db, rooms)
}

async function publish(deps: RelayDeps, tasks: readonly Released[]): Promise<void> {
  const now = deps.clock.now()
  await deps.publisher.publish(tasks.map((task) => toTaskRecord(deps.topics, task, now)))
  for (const lane of LANES) {
    const released = tasks.filter((task) => task.lane === lane).length
    if (released > 0) deps.telemetry.record('magictask_tasks_released_total', released, { lane })
  }
}
