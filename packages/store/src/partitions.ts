import { firstIdAt, timeOfId } from '@magictask/domain'
import { codeOf, type Queries } from './database.ts'

const PARTITIONED = ['tasks', 'payloads', 'results', 'answers', 'model_calls'] as const
const DAY_MS = 86_400_000
const DAYS_AHEAD = 7

/** Any number will do, as long as it is this one everywhere. */
const LOCK = 7_205_759_404

/** Makes the daily partitions from the day of `from` to a week later, as far as they are missing. */
export async function makePartitions(db: Queries, from: Date): Promise<void> {
  const firstDay = Math.floor(from.getTime() / DAY_MS)
  for (let day = firstDay; day <= firstDay + DAYS_AHEAD; day++) await makePartitionsOfDay(db, day)
}

/** Runs `insert`; when an id has no partition (a skewed clock), makes those of the ids' days and tries once more. */
export async function withPartitions<Result>(
  db: Queries,
  ids: readonly string[],
  insert: () => Promise<Result>,
): Promise<Result> {
  try {
    return await insert()
  } catch (error) {
    if (!isWithoutPartition(error)) throw error
    for (const day of new Set(ids.map((id) => Math.floor(timeOfId(id) / DAY_MS)))) await makePartitionsOfDay(db, day)
    return insert()
  }
}

/**
 * The smallest and the largest of some ids. A bulk statement names them beside its join: a range prunes partitions when the statement is
 * planned and costs each row nothing, while `id = any(ids)` inside a join sorts the whole array anew for each row. Ids may come from
 * outside, in capitals, which to PostgreSQL are the same.
 */
export function rangeOf(ids: readonly string[]): readonly [first: string, last: string] {
  const plain = ids.map((id) => id.toLowerCase())
  const [first = NO_ID] = plain
  return [
    plain.reduce((least, id) => (id < least ? id : least), first),
    plain.reduce((most, id) => (id > most ? id : most), first),
  ]
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

const CHECK_VIOLATION = '23514'

function isWithoutPartition(error: unknown): boolean {
  return (
    codeOf(error) === CHECK_VIOLATION && error instanceof Error && error.message.startsWith('no partition of relation')
  )
}

/**
 * A table is made beside its parent and then attached: that locks out no reader or writer, which
 * `CREATE TABLE ... PARTITION OF` does. Names and bounds are made from a number, never from input.
 */
async function makePartitionsOfDay(db: Queries, day: number): Promise<void> {
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')
  const [from, to] = [firstIdAt(day * DAY_MS), firstIdAt((day + 1) * DAY_MS)]
  const attach = PARTITIONED.map(
    (table) => `
      if to_regclass('${table}_${date}') is null then
        create table ${table}_${date} (like ${table} including all);
        alter table ${table} attach partition ${table}_${date} for values from ('${from}') to ('${to}');
      end if;`,
  )
  await db.query(`do $$ begin perform pg_advisory_xact_lock(${LOCK}); ${attach.join('')} end $$`)
}
