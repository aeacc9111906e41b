import type { Lane, Queue, TaskId } from '@magictask/domain'
import { type Queries, repeated } from '../database.ts'

/** Where to look: in one lane of one queue, behind a tenant of its ring. */
export interface Look {
  readonly lane: Lane
  readonly queue: Queue
  readonly after: string
  /** Nothing is looked at while so many are on Kafka. */
  readonly most: number
}

/** The first tasks of one tenant, in the order in which they are to start. */
export interface TenantTasks {
  readonly tenant: string
  readonly taskIds: readonly TaskId[]
  readonly costs: readonly number[]
  /** Whether there may be more behind them. */
  readonly more: boolean
}

/** What waits at one place. */
export interface Seen {
  readonly lane: Lane
  readonly queue: Queue
  /** How many are on Kafka. */
  readonly outstanding: number
  readonly isFull: boolean
  /** In the order of the ring. */
  readonly tenants: readonly TenantTasks[]
}

/** For each tenant so many times its even part of the room is looked at, for its tasks may be smaller than the others'. */
const DEPTH = 4

/*
  A walk from tenant to tenant along `waiting_in_order`, each step one descent of the index, from behind `after` to the last
  and from the first to `after`: what it costs depends on the tenants that are looked at, not on how much waits. The steps
  compare whole rows, so that no other index can serve them: by the tenant alone, PostgreSQL would choose one without lanes.
  What the first tasks cost is read from the index alone.
*/
const LOOK = repeated(`
with recursive place as materialized (
  select p.*, (
    select count(*)::int from waiting o where o.lane = p.lane and o.queue = p.queue and o.released_until > now()
  ) as outstanding
  from unnest($1::text[], $2::text[], $3::text[], $4::int[]) with ordinality as p (lane, queue, after, most, nth)
),
walk as (
  select nth, lane, queue, most - outstanding as room, half, 0 as turn,
    case half when 1 then after else '' end as tenant, case half when 2 then after end as last
  from place cross join generate_series(1, 2) as half where outstanding < most
  union all
  select w.nth, w.lane, w.queue, w.room, w.half, w.turn + 1, n.tenant, w.last
  from walk w cross join lateral (
    select lane, queue, tenant from waiting
    where released_until is null and due_at is null and (lane, queue, tenant) > (w.lane, w.queue, w.tenant)
    order by lane, queue, tenant limit 1
  ) n
  where w.turn < $5 and n.lane = w.lane and n.queue = w.queue and (w.last is null or n.tenant <= w.last)
),
ring as (
  select *, least(room, ceil(${DEPTH}.0 * room / count(*) over (partition by nth)))::int as depth from (
    select *, row_number() over (partition by nth order by half, turn) as place_in_ring from walk where turn > 0
  ) w where place_in_ring <= $5
)
select p.nth::int as nth, p.outstanding, t.tenant, first.task_ids, first.costs, first.found = t.depth as more
from place p left join ring t using (nth)
left join lateral (
  select json_agg(task_id) as task_ids, json_agg(cost) as costs, count(*) as found from (
    select task_id, cost from waiting w
    where w.lane = t.lane and w.queue = t.queue and w.tenant = t.tenant and w.released_until is null and w.due_at is null
    order by deadline, task_id limit t.depth
  ) w
) first on true
order by p.nth, t.place_in_ring`)

interface Row {
  readonly nth: number
  readonly outstanding: number
  readonly tenant: string | null
  readonly task_ids: readonly TaskId[] | null
  readonly costs: readonly number[] | null
  readonly more: boolean | null
}

/** Looks at the first tasks of the next tenants at each place, of no more than `mostTenants` of each, whatever waits. In the order of the looks. */
export async function lookAtWaiting(
  db: Queries,
  looks: readonly Look[],
  mostTenants: number,
): Promise<readonly Seen[]> {
  const rows = await db.query<Row>(LOOK, [
    looks.map(({ lane }) => lane),
    looks.map(({ queue }) => queue),
    looks.map(({ after }) => after),
    looks.map(({ most }) => most),
    mostTenants,
  ])
  return looks.map((look, at) =>
    seenAt(
      look,
      rows.filter(({ nth }) => nth === at + 1),
    ),
  )
}

function seenAt({ lane, queue, most }: Look, rows: readonly Row[]): Seen {
  const outstanding = rows[0]?.outstanding ?? 0
  return { lane, queue, outstanding, isFull: outstanding >= most, tenants: rows.flatMap(tenantOf) }
}

/** A place where nobody waits has one row, without a tenant. */
function tenantOf({ tenant, task_ids, costs, more }: Row): readonly TenantTasks[] {
  if (tenant === null || task_ids === null || costs === null) return []
  return [{ tenant, taskIds: task_ids, costs, more: more === true }]
}
