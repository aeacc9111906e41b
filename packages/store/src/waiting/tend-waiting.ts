import {
  type Charge,
  type HeldTarget,
  LANES,
  type Lane,
  QUEUES,
  type Queue,
  type WorkerRoutes,
} from '@magictask/domain'
import { type Queries, repeated } from '../database.ts'
import { ROOMS } from './park-tasks.ts'
import { TAKE_LEASE } from './release-lease.ts'
import { RELEASE } from './release-room.ts'

/** A charge, and the ring of tenants that it belongs to. */
export type PlacedCharge = Charge & { readonly lane: Lane; readonly queue: Queue }

/** `holds`: whether this process is the one that releases now; else nothing was done. */
export interface Tended {
  readonly holds: boolean
  /** What tenants have to pay beyond what was thought; what was released and never claimed comes back to them. */
  readonly charges: readonly PlacedCharge[]
  readonly fleet: Fleet
}

/** What the living workers can take. */
export interface Fleet {
  /**
   * How much may be on Kafka for all of them. No more than they start within about a second, for Kafka is first in, first
   * out: who comes later waits behind all of it.
   */
  readonly tasks: number
  /** Of these, what is for slots that are taken now: it is on its way while they free up. */
  readonly ahead: number
  /** What each of them says, without repetitions. */
  readonly routes: readonly WorkerRoutes[]
  readonly heldTargets: readonly HeldTarget[]
  /** How many tasks workers parked within the last second, by queue: they were put on Kafka and could not start. */
  readonly parked: ReadonlyMap<Queue, number>
  /** And how many for the limit of their type alone. */
  readonly parkedForType: ReadonlyMap<Queue, number>
}

/** Of each lane of each queue, at a time: a flood of retries holds up nobody's marks. */
const AT_ONCE = 200

const PLACES = `unnest('{${LANES.join()}}'::text[]) as l (lane) cross join unnest('{${QUEUES.join()}}'::text[]) as q (queue)`

/*
  What has become due, and what was on Kafka and nobody took, waits like everything else again: in the order of its tenant, so
  that neither lets one tenant in before the others.
*/
const TEND = repeated(`
with ${TAKE_LEASE},
due as (
  select w.task_id from ${PLACES} cross join lateral (
    select task_id from waiting
    where lane = l.lane and queue = q.queue and released_until is null and due_at <= now()
    order by due_at limit ${AT_ONCE} for update skip locked
  ) w where exists (select from lease)
),
ripe as (
  update waiting set due_at = null, waits_for = null where task_id = any(array(select task_id from due))
),
lost as (
  select w.task_id from ${PLACES} cross join lateral (
    select task_id from waiting
    where lane = l.lane and queue = q.queue and released_until <= now()
    order by released_until limit ${AT_ONCE} for update skip locked
  ) w where exists (select from lease)
),
returned as (
  update waiting set released_until = null where task_id = any(array(select task_id from lost))
  returning tenant, lane, queue, cost
),
charged as (
  delete from fair_charges where exists (select from lease) returning tenant, lane, queue, tokens
)
select exists (select from lease) as holds, (
  select coalesce(json_agg(c), '[]') from (
    select tenant, lane, queue, sum(tokens) as tokens from (
      select tenant, lane, queue, tokens from charged union all select tenant, lane, queue, -cost from returned
    ) parts group by tenant, lane, queue
  ) c
) as charges,
(
  select (ceil(coalesce(sum(settled_per_s), 0) * ${RELEASE.secondsAhead}) + ${RELEASE.extraPerWorker} * count(*))::int from workers
) as fleet_ahead,
(
  select case when count(*) = 0 then ${RELEASE.windowWithoutWorkers} else
    sum(greatest(slots - running, 0)) + ceil(sum(settled_per_s) * ${RELEASE.secondsAhead}) + ${RELEASE.extraPerWorker} * count(*)
  end::int from workers
) as fleet_tasks,
(select coalesce(json_agg(routes), '[]') from (select distinct routes from workers) w) as routes,
(
  select coalesce(json_agg(t), '[]') from (
    select name, coalesce(forced, state) as state, most from targets where coalesce(forced, state) <> 'closed'
  ) t
) as held_targets,
(
  select coalesce(json_agg(p), '[]') from (
    select queue, waits_for as room, count(*) as tasks from waiting
    where waits_for in ('${ROOMS.ofQueue}', '${ROOMS.ofType}') group by queue, waits_for
  ) p
) as parked`)

interface Row {
  readonly holds: boolean
  readonly charges: readonly PlacedCharge[]
  readonly fleet_tasks: number
  readonly fleet_ahead: number
  readonly routes: readonly WorkerRoutes[]
  readonly held_targets: readonly HeldTarget[]
  readonly parked: readonly { readonly queue: Queue; readonly room: string; readonly tasks: number }[]
}

/** Keeps what waits in order: a few times a second, beside the releases and not in their statements, for it is seldom that there is anything. */
export async function tendWaiting(
  db: Queries,
  { holder, leaseMs }: { readonly holder: string; readonly leaseMs: number },
): Promise<Tended> {
  const [row] = await db.query<Row>(TEND, [holder, leaseMs])
  if (row === undefined) throw new Error('An aggregate gave no row')
  const { holds, charges, fleet_tasks: tasks, fleet_ahead: ahead, routes, held_targets: heldTargets } = row
  const parkedFor = (room: string) =>
    new Map(row.parked.flatMap((each) => (each.room === room ? [[each.queue, each.tasks] as const] : [])))
  const parked = parkedFor(ROOMS.ofQueue)
  const parkedForType = parkedFor(ROOMS.ofType)
  return { holds, charges, fleet: { tasks, ahead, routes, heldTargets, parked, parkedForType } }
}
