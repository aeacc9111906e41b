import type { Queries } from '../database.ts'

const UNHEARD_OF = `now() - interval '1 day'`

/* Whoever names nobody may ask anybody. A bucket belongs to a provider or to one of its targets. */
const FORGET = `
with named as (
  select distinct candidate ->> 'target' as name from workers w
  cross join lateral jsonb_each(w.routes) as route (queue, candidates)
  cross join lateral jsonb_array_elements(route.candidates) as candidate
),
known as (
  select name from named union select split_part(name, '/', 1) from named
),
are_known as (
  select from workers having bool_and(routes <> '{}')
),
gone as (
  delete from targets where exists (select from are_known) and since < ${UNHEARD_OF} and name not in (select name from known)
),
emptied as (
  delete from rate_buckets where exists (select from are_known) and filled_at < ${UNHEARD_OF}
    and substring(name from position(':' in name) + 1) not in (select name from known)
)
select`

/**
 * Forgets targets and buckets that no living worker may ask any more, and of which nothing was heard for a day; an admin's word goes
 * with its target. Nothing while no worker lives, or one may ask anybody.
 */
export async function forgetTargets(db: Queries): Promise<void> {
  await db.query(FORGET)
}
