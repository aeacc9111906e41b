import type { SlotGrant, SlotWish, Trade, Traded, WorkerId } from '@magictask/domain'
import type { Database, Queries } from '../database.ts'
import { CHANNELS } from '../listen.ts'
import { lockLimits } from './lock-limits.ts'
import { takeRates } from './take-rates.ts'

/*
  Runs under the locks of its limits, which were taken in a statement before this one: its snapshot is younger than
  every earlier trade. Nothing below what is kept, nothing beyond what the others leave. A worker is told of when it
  gives back what others want, when it wants more than it did before, so that whoever holds idle slots gives them back, and
  when its next call comes before theirs, or no longer does.
*/
const TRADE = `
with wish as (
  select * from unnest($2::text[], $3::int[], $4::int[], $5::int[], $6::jsonb[], $7::boolean[])
    as w (name, cap, keep, want, turns, news)
),
seen as (
  select w.name, w.cap, w.keep, w.want, w.turns, w.news,
    coalesce(sum(s.held) filter (where s.worker_id <> $1), 0) as others_held,
    coalesce(sum(s.wanted) filter (where s.worker_id <> $1), 0) as others_wanted,
    coalesce(sum(s.held) filter (where s.worker_id = $1), 0) as held_before,
    coalesce(sum(s.wanted) filter (where s.worker_id = $1), 0) as wanted_before,
    count(*) filter (where s.worker_id <> $1 and s.held + s.wanted > 0) + least(w.want, 1) as users
  from wish w left join slots_held s on s.name = w.name
  group by w.name, w.cap, w.keep, w.want, w.turns, w.news
),
granted as (
  select *, greatest(keep, least(want, cap - others_held))::int as held, greatest(1, cap / greatest(users, 1))::int as share
  from seen
),
written as (
  insert into slots_held (name, worker_id, held, wanted, turns)
  select name, $1, held, greatest(want - held, 0), turns from granted
  where held + want > 0 or held_before + wanted_before > 0
  on conflict (name, worker_id) do update set held = excluded.held, wanted = excluded.wanted, turns = excluded.turns
  where (slots_held.held, slots_held.wanted, slots_held.turns) is distinct from (excluded.held, excluded.wanted, excluded.turns)
),
told as (
  select pg_notify('${CHANNELS.limits}', name) from granted
  where (held < held_before and others_wanted > 0) or greatest(want - held, 0) > wanted_before or news
)
select g.name, g.held, g.share, greatest(g.others_held + g.held - g.cap, 0)::int as excess,
  greatest(g.cap - g.others_held - g.held, 0)::int as free,
  (select coalesce(sum(s.wanted), 0)::int from slots_held s
    where s.name = g.name and s.worker_id <> $1 and s.held < g.share) as needed,
  (select coalesce(json_agg(case when s.wanted > 0 then s.turns else s.turns - 'next' end), '[]') from slots_held s
    where s.name = g.name and s.worker_id <> $1 and s.turns is not null) as others,
  (select count(*) from told) as told
from granted g`

/**
 * Trades slots and rates of many limits in one transaction. The sum of what all workers hold of a limit never exceeds
 * it, but by what is kept in use when the limit itself was lowered, or by a worker that was taken for dead and lives; that
 * excess is told, and nothing is started in it. Undefined when the worker's own row is gone: it was taken for dead, and
 * what it held is free for others.
 */
export async function tradeLimits(db: Database, workerId: WorkerId, trade: Trade): Promise<Traded | undefined> {
  return db.transaction(async (queries) => {
    const names = [...trade.slots, ...trade.rates].map(({ name }) => name)
    if (!(await lockLimits(queries, workerId, names))) return undefined
    return { slots: await tradeSlots(queries, workerId, trade.slots), rates: await takeRates(queries, trade.rates) }
  })
}

async function tradeSlots(db: Queries, workerId: WorkerId, slots: readonly SlotWish[]): Promise<readonly SlotGrant[]> {
  if (slots.length === 0) return []
  const rows = await db.query<SlotGrant & { readonly told: number }>(TRADE, [
    workerId,
    slots.map((wish) => wish.name),
    slots.map((wish) => wish.cap),
    slots.map((wish) => wish.keep),
    slots.map((wish) => wish.want),
    slots.map(({ turns }) => (turns === undefined ? null : JSON.stringify(turns))),
    slots.map(({ isNews = false }) => isNews),
  ])
  return rows.map(({ told: _, ...grant }) => grant)
}
