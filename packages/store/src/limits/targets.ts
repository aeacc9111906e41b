import type { TargetChange, TargetState, TargetStates } from '@magictask/domain'
import type { Database, Queries } from '../database.ts'
import { CHANNELS } from '../listen.ts'

interface Row {
  readonly name: string
  readonly state: TargetState['state']
  readonly most: number | null
  readonly reason: string | null
  readonly for_ms: number
  readonly until_in_ms: number | null
  readonly forced: 'open' | 'closed' | null
  readonly revision: number
}

const COLUMNS = `name, state, most, reason, forced, revision,
  (extract(epoch from clock_timestamp() - since) * 1000)::double precision as for_ms,
  (extract(epoch from until - clock_timestamp()) * 1000)::double precision as until_in_ms`

/** Whether a row `t` of `targets` may be asked nothing but whether it answers again. */
export const IS_OUT = `coalesce(t.forced, t.state) in ('open', 'probing')`

/** Reads all targets that anything is known of, the learned rates, and how many workers live. */
export async function readTargets(db: Queries): Promise<TargetStates> {
  const [row] = await db.query<{
    targets: readonly Row[]
    learned: readonly { readonly name: string; readonly rate: number }[]
    workers: number
  }>(`select
    (select coalesce(json_agg(t), '[]') from (select ${COLUMNS} from targets) t) as targets,
    (select coalesce(json_agg(l), '[]') from (
      select name, learned_per_s as rate from rate_buckets where learned_per_s is not null) l) as learned,
    (select count(*)::int from workers) as workers`)
  return {
    targets: (row?.targets ?? []).map(readRow),
    learned: new Map((row?.learned ?? []).map(({ name, rate }) => [name, rate])),
    workers: row?.workers ?? 0,
  }
}

/*
  `since` is when it last left `closed` or came back to it: the steps between do not move it. A state that is forced
  is not changed by what is seen. The learned rate is written only with the change that it belongs to.
*/
const CHANGE = `
with changed as (
  insert into targets as t (name, state, most, reason, until, revision)
  select $1, $3, $4, $5, clock_timestamp() + $6::double precision * interval '1 ms', 1
  where $2 = 0 or exists (select from targets where name = $1)
  on conflict (name) do update set
    state = excluded.state, most = excluded.most, reason = excluded.reason, until = excluded.until, revision = t.revision + 1,
    since = case when (t.state = 'closed') = (excluded.state = 'closed') then t.since else clock_timestamp() end
  where t.revision = $2 and t.forced is null
  returning *
),
learned as (
  insert into rate_buckets (name, level, filled_at, learned_per_s)
  select $7, 0, clock_timestamp(), $8::double precision from changed where $7::text is not null
  on conflict (name) do update set level = 0, filled_at = excluded.filled_at, learned_per_s = excluded.learned_per_s
)
select ${COLUMNS}, pg_notify('${CHANNELS.targets}', name) from changed`

/** Changes a target's state, unless somebody else did since `seen` or an admin forced it: then undefined, and it is to be read anew. */
export async function changeTarget(db: Queries, change: TargetChange): Promise<TargetState | undefined> {
  const { learned } = change
  const rows = await db.query<Row>(CHANGE, [
    change.name,
    change.seen,
    change.state,
    change.most ?? null,
    change.reason ?? null,
    change.untilInMs ?? null,
    learned?.name ?? null,
    learned?.perSecond ?? null,
  ])
  return rows.map(readRow)[0]
}

/** Adds what one more worker saw a target take a second; nothing where nothing was learned. */
export async function addLearned(db: Queries, bucket: string, perSecond: number): Promise<void> {
  await db.query('update rate_buckets set learned_per_s = learned_per_s + $2 where name = $1', [bucket, perSecond])
}

/** An admin's word: the target is taken for open or for closed whatever is seen, until `undefined` frees it; it is then closed. */
export async function forceTarget(db: Database, name: string, forced: 'open' | 'closed' | undefined): Promise<void> {
  await db.query(
    `with changed as (
      insert into targets as t (name, state, forced, revision) values ($1, 'closed', $2, 1)
      on conflict (name) do update set forced = excluded.forced, revision = t.revision + 1,
        state = 'closed', most = null, reason = null, until = null, since = clock_timestamp()
      returning name
    )
    select pg_notify('${CHANNELS.targets}', name) from changed`,
    [name, forced ?? null],
  )
}

function readRow(row: Row): TargetState {
  return {
    name: row.name,
    state: row.state,
    forMs: row.for_ms,
    revision: row.revision,
    ...(row.most === null ? {} : { most: row.most }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.until_in_ms === null ? {} : { untilInMs: row.until_in_ms }),
    ...(row.forced === null ? {} : { forced: row.forced }),
  }
}
