import {
  chargeShares,
  type Demand,
  dealOut,
  LANES,
  type Lane,
  NO_SHARES,
  QUEUES,
  type Queue,
  type QueueReach,
  reachOf,
  type Shares,
  type TaskId,
  type WeightOf,
  windowsOf,
} from '@magictask/domain'
import type { Fleet, Look, PlacedCharge, QueueRoom, Seen, TenantTasks } from '@magictask/store'
import { atPace, NO_PACE, nextPace, type Pace } from './release-pace.ts'

/** What the releaser remembers of one lane of one queue. */
interface Place {
  readonly lane: Lane
  readonly queue: Queue
  readonly shares: Shares
  /** How many of it may be on Kafka, as of the last look: as long as it wants more than that, it is looked at only below it. */
  readonly window: number
  readonly hasTenants: boolean
}

/** What the releaser remembers from one release to the next. All of it may be lost: that costs nobody more than a turn. */
export interface Plan {
  readonly places: readonly Place[]
  readonly paces: ReadonlyMap<Queue, Pace>
}

/** Tenants that are looked at in one tick, over all lanes and queues. */
const MOST_TENANTS = 64
/** Also where every lane of every queue has tenants. */
const LEAST_TENANTS = 8
/** Before the first look nobody knows the fleet. */
const FIRST_WINDOW = 64

/** How much may be on Kafka now. */
export interface Room {
  readonly fleetTasks: number
  readonly reaches: ReadonlyMap<Queue, QueueReach>
  /** Tasks that were released and could not start, as far as they slow their queue down. */
  readonly parked: ReadonlyMap<Queue, number>
}

/** The room that the fleet leaves. */
export function roomOf(fleet: Fleet): Room {
  const { tasks, ahead, routes, heldTargets } = fleet
  const reaches = QUEUES.map((queue) => [queue, withAhead(reachOf(queue, routes, heldTargets), ahead)] as const)
  const parked = QUEUES.map((queue) => [queue, parkedOf(queue, fleet)] as const)
  return { fleetTasks: tasks, reaches: new Map(reaches), parked: new Map(parked) }
}

/** Who waits for the limit of a type says nothing about the queue's others, unless there are so many that they cost more than they tell. */
function parkedOf(queue: Queue, { tasks, parked, parkedForType }: Fleet): number {
  return (parked.get(queue) ?? 0) + Math.max(0, (parkedForType.get(queue) ?? 0) - tasks)
}

/** A limit of two calls that take a tenth of a second would else stand still while the next two are on their way. */
function withAhead({ most, isReady }: QueueReach, ahead: number): QueueReach {
  return { isReady, ...(most === undefined ? {} : { most: isReady ? most + ahead : most }) }
}

/** The same by queue, as whoever submits has to know it. */
export function queueRooms({ fleetTasks, reaches }: Room): readonly QueueRoom[] {
  return [...reaches].map(([queue, { most = fleetTasks, isReady }]) => ({
    queue,
    tasks: Math.min(most, fleetTasks),
    isReady,
  }))
}

/** Before the first release. */
export const FIRST_PLAN: Plan = {
  places: LANES.flatMap((lane) =>
    QUEUES.map((queue) => ({ lane, queue, shares: NO_SHARES, window: FIRST_WINDOW, hasTenants: false })),
  ),
  paces: new Map(),
}

/** Where to look next, and at how many tenants of each place. */
export function nextLooks({ places }: Plan): { readonly looks: readonly Look[]; readonly mostTenants: number } {
  const looks = places.map(({ lane, queue, shares, window }) => ({ lane, queue, after: shares.after, most: window }))
  const busy = places.filter(({ hasTenants }) => hasTenants).length
  return { looks, mostTenants: Math.max(LEAST_TENANTS, Math.floor(MOST_TENANTS / Math.max(1, busy))) }
}

/**
 * Which tasks are to be released, out of what was seen: the room of each lane of each queue, dealt out to its tenants.
 * The places answer the looks of this plan, in their order.
 */
export function planRelease(
  plan: Plan,
  seen: { readonly places: readonly Seen[]; readonly room: Room; readonly nowMs: number; readonly weightOf: WeightOf },
): { readonly taskIds: readonly TaskId[]; readonly plan: Plan } {
  const { places, room, nowMs, weightOf } = seen
  const demands = places.map((place) => demandOf(place, room))
  const windows = windowsOf(demands, room.fleetTasks)
  const rooms = pacedRooms(plan, seen, windows)
  const planned = plan.places.map((place, at) => {
    const { tenants = [] } = places[at] ?? {}
    const { takes, shares } = dealAt(place, tenants, { room: rooms[at] ?? 0, weightOf })
    const taskIds = tenants.flatMap(({ tenant, taskIds: first }) => first.slice(0, takes.get(tenant) ?? 0))
    const window = windows[at] ?? 0
    const isSated = (demands[at]?.wants ?? 0) <= window
    return {
      taskIds,
      place: { ...place, shares, window: isSated ? room.fleetTasks : window, hasTenants: tenants.length > 0 },
    }
  })
  return {
    taskIds: planned.flatMap(({ taskIds }) => taskIds),
    plan: { places: planned.map(({ place }) => place), paces: pacesAfter(plan, planned, { room, nowMs }) },
  }
}

/** Lets tenants pay for what their tasks took beyond what was thought. */
export function chargePlan(plan: Plan, charges: readonly PlacedCharge[], weightOf: WeightOf): Plan {
  if (charges.length === 0) return plan
  const places = plan.places.map((place) => {
    const ofPlace = charges.filter(({ lane, queue }) => lane === place.lane && queue === place.queue)
    return { ...place, shares: chargeShares(place.shares, ofPlace, weightOf) }
  })
  return { ...plan, places }
}

/** A place that is full, or of whose tenants one has more than was looked at, could fill any window. */
function demandOf({ lane, queue, outstanding, isFull, tenants }: Seen, room: Room): Demand {
  const reach = room.reaches.get(queue)?.most
  const waiting = tenants.reduce((sum, { costs }) => sum + costs.length, 0)
  const hasMore = isFull || tenants.some(({ more }) => more)
  const wants = outstanding + (hasMore ? Math.max(waiting, room.fleetTasks) : waiting)
  return { lane, queue, wants, ...(reach === undefined ? {} : { reach }) }
}

function pacedRooms(
  plan: Plan,
  { places, room, nowMs }: { readonly places: readonly Seen[]; readonly room: Room; readonly nowMs: number },
  windows: readonly number[],
): readonly number[] {
  const rooms = plan.places.map(({ lane, queue }, at) => {
    const { outstanding = 0, tenants = [] } = places[at] ?? {}
    return { lane, queue, room: tenants.length === 0 ? 0 : Math.max(0, (windows[at] ?? 0) - outstanding) }
  })
  const paced = new Map<object, number>()
  for (const [queue, ofQueue] of Map.groupBy(rooms, (each) => each.queue)) {
    const given = atPace(ofQueue, plan.paces.get(queue) ?? NO_PACE, { parked: room.parked.get(queue) ?? 0, nowMs })
    for (const [at, each] of ofQueue.entries()) paced.set(each, given[at] ?? 0)
  }
  return rooms.map((each) => paced.get(each) ?? 0)
}

function dealAt(
  { shares }: Place,
  tenants: readonly TenantTasks[],
  offer: { readonly room: number; readonly weightOf: WeightOf },
) {
  if (offer.room <= 0 || tenants.length === 0) return { takes: new Map<string, number>(), shares }
  return dealOut(shares, { ...offer, backlogs: tenants })
}

function pacesAfter(
  { paces }: Plan,
  planned: readonly { readonly place: Place; readonly taskIds: readonly TaskId[] }[],
  { room, nowMs }: { readonly room: Room; readonly nowMs: number },
): Plan['paces'] {
  const ofQueues = Map.groupBy(planned, ({ place }) => place.queue)
  return new Map(
    [...ofQueues].map(([queue, ofQueue]) => {
      const released = ofQueue.flatMap(({ place, taskIds }) =>
        taskIds.length === 0 ? [] : [{ lane: place.lane, tasks: taskIds.length, atMs: nowMs }],
      )
      const pace = paces.get(queue) ?? NO_PACE
      return [queue, nextPace(pace, released, { parked: room.parked.get(queue) ?? 0, nowMs })]
    }),
  )
}
