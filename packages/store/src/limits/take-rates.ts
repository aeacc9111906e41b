import type { RateGrant, RateWish } from '@magictask/domain'
import type { Queries } from '../database.ts'

/** A learned rate grows by this part a second while more is wanted than it gives. */
const GROWTH_PER_SECOND = 0.02

/*
  Runs under the locks of its buckets. The time is the clock's and not the transaction's: a transaction that waited for
  its locks would else begin in the past. A bucket that nobody took from yet is full.
*/
const TAKE = `
with wish as (
  select * from unnest($1::text[], $2::double precision[], $3::double precision[], $4::double precision[], $5::double precision[],
    $6::double precision[]) as w (name, configured, burst, want, at_least, beyond)
),
timed as (
  select w.*, b.level, b.learned_per_s as learned,
    least(w.configured, b.learned_per_s) as rate,
    greatest(extract(epoch from clock_timestamp() - b.filled_at), 0)::double precision as passed_s
  from wish w left join rate_buckets b on b.name = w.name
),
sized as (
  select *, coalesce(burst, greatest(1, rate / 10)) as size from timed where rate is not null
),
filled as (
  select *, least(size, coalesce(level + passed_s * rate, size)) - beyond as has from sized
),
given as (
  select *, case when has >= least(at_least, size) then greatest(least(want, floor(has)), least(want, at_least)) else 0 end as taken from filled
),
written as (
  insert into rate_buckets (name, level, filled_at, learned_per_s)
  select name, has - taken, clock_timestamp(), learned from given
  on conflict (name) do update set level = excluded.level, filled_at = excluded.filled_at,
    learned_per_s = rate_buckets.learned_per_s * (
      select case when g.taken < g.want then 1 + ${GROWTH_PER_SECOND} * least(g.passed_s, 1) else 1 end
      from given g where g.name = rate_buckets.name
    )
)
select w.name, coalesce(g.taken, w.want) as taken, g.rate,
  case when g.taken < w.want then greatest(0, least(w.at_least, g.size) - g.has + g.taken) / nullif(g.rate, 0) * 1000 end as more_in_ms
from wish w left join given g on g.name = w.name`

interface Row {
  readonly name: string
  readonly taken: number
  readonly rate: number | null
  readonly more_in_ms: number | null
}

/** Takes from buckets what there is, up to what is wanted; the caller holds their locks. */
export async function takeRates(db: Queries, wishes: readonly RateWish[]): Promise<readonly RateGrant[]> {
  if (wishes.length === 0) return []
  const rows = await db.query<Row>(TAKE, [
    wishes.map((wish) => wish.name),
    wishes.map((wish) => wish.perSecond ?? null),
    wishes.map((wish) => wish.burst ?? null),
    wishes.map((wish) => wish.want),
    wishes.map((wish) => wish.atLeast),
    wishes.map((wish) => wish.beyond),
  ])
  return rows.map(({ name, taken, rate, more_in_ms }) => ({
    name,
    taken,
    moreInMs: more_in_ms ?? 0,
    ...(rate === null ? {} : { perSecond: rate }),
  }))
}
