import { createHash } from 'node:crypto'
import { type BatchId, Fault, type Lane, type Queue, type TaskId, type TenantId } from '@magictask/domain'
import { type Database, type Queries, repeated } from '../database.ts'
import { withPartitions } from '../partitions.ts'
import { RELEASE } from '../waiting/release-room.ts'

/** One item of a submission. */
export interface NewTask {
  readonly taskId: TaskId
  readonly campaignSn: string
  readonly magicType: string
  readonly lane: Lane
  /** What it is thought to take, in tokens. */
  readonly cost: number
  readonly deadline?: Date
  /** The user's pairs, as JSON text. */
  readonly metadata?: string
  /** The value of the task's Kafka record: what a worker will be handed, byte for byte. */
  readonly record: string
}

/** What one request submits. */
export interface Submission {
  readonly tenant: TenantId
  readonly queue: Queue
  readonly batchId: BatchId
  /** At least one; ids rise in the order of the request. */
  readonly tasks: readonly NewTask[]
  /** The body of the answer, kept with the key. */
  readonly answer: string
  readonly idempotency?: { readonly route: string; readonly key: string; readonly bodyHash: Buffer }
}

/** `released` are marked as being on Kafka already: the caller publishes them at once, and if it dies the relay does. */
export type Created = { readonly kind: 'created'; readonly released: ReadonlySet<TaskId> } | Replayed

/** The answer of an earlier request with the same key and body. */
export interface Replayed {
  readonly kind: 'replayed'
  readonly batchId: BatchId
  readonly answer: string
}

const KEPT_FOR = `interval '24 hours'`

/*
  A task is released with its submission if nothing due waits before it and the window has room, so an idle system
  adds no delay. Two submissions at once may overshoot the window, which harms nothing.
*/
const INSERT = repeated(`
with item as (
  select * from unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::timestamptz[], $10::text[], $11::text[], $12::int[])
    as i (task_id, campaign_sn, magic_type, lane, payload_hash, deadline, record, metadata, cost)
),
open_lane as (
  select l.lane, coalesce((select tasks from release_room where queue = $3), ${RELEASE.windowWithoutWorkers}) - (
    select count(*) from waiting o where o.lane = l.lane and o.queue = $3 and o.released_until > now()
  ) as room
  from (select distinct lane from item) l
  where not exists (
    select from waiting w where w.lane = l.lane and w.queue = $3 and w.released_until is null and w.due_at is null
  ) and not exists (
    select from waiting w where w.lane = l.lane and w.queue = $3 and w.released_until is null and w.due_at <= now()
  )
),
placed as (
  select i.task_id, i.lane, i.cost, i.deadline, row_number() over (partition by i.lane order by i.task_id) <= coalesce(o.room, 0) as fits
  from item i left join open_lane o using (lane)
),
new_batch as (
  insert into batches (batch_id, tenant, first_task_id, last_task_id, submitted, open)
  values ($1, $2, ($4::uuid[])[1], ($4::uuid[])[cardinality($4::uuid[])], cardinality($4::uuid[]), cardinality($4::uuid[]))
),
new_tasks as (
  insert into tasks (id, batch_id, tenant, campaign_sn, magic_type, lane, queue, cost, payload_hash, deadline)
  select task_id, $1, $2, campaign_sn, magic_type, lane, $3, cost, payload_hash, deadline from item
),
new_payloads as (
  insert into payloads (task_id, record, metadata) select task_id, record, metadata from item
)
insert into waiting (task_id, tenant, lane, queue, cost, deadline, released_until)
select task_id, $2, lane, $3, cost, deadline, case when fits then now() + interval '${RELEASE.markSeconds} s' end from placed
returning task_id, released_until is not null as released`)

/**
 * Stores a submission whole or not at all. The same key and body again give the first answer again, also from
 * another process at the same time or after a crash. Throws `idempotency.in_progress` while the first is at work, and
 * `idempotency.key_reused` when the key came with another body.
 */
export async function createBatch(db: Database, submission: Submission): Promise<Created> {
  const { idempotency } = submission
  const ids = submission.tasks.map((task) => task.taskId)
  return withPartitions(db, ids, async () => {
    if (idempotency === undefined) return insertBatch(db, submission)
    return db.transaction(async (queries) => {
      const first = await findFirst(queries, submission.tenant, idempotency)
      if (first !== undefined) return first
      await keepAnswer(queries, submission, idempotency)
      return insertBatch(queries, submission)
    })
  })
}

/** The key of a request, and what it stands for. */
export type Idempotency = NonNullable<Submission['idempotency']>

async function findFirst(db: Queries, tenant: TenantId, idempotency: Idempotency): Promise<Replayed | undefined> {
  const { route, key } = idempotency
  const name = JSON.stringify([tenant, route, key])
  const [lock] = await db.query<{ got: boolean }>('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as got', [
    name,
  ])
  if (lock?.got !== true) throw new Fault('idempotency.in_progress', { retryAfterMs: 1_000 })

  // A statement of its own: it has to see what was committed before the lock was free.
  return findAnswer(db, tenant, idempotency)
}

/**
 * The kept answer to this key and body, or undefined when there is none: a repeated request gets it even where a new
 * one would be refused. Throws `idempotency.key_reused` when the key came with another body.
 */
export async function findAnswer(
  db: Queries,
  tenant: TenantId,
  { route, key, bodyHash }: Idempotency,
): Promise<Replayed | undefined> {
  const [kept] = await db.query<{ body_hash: Buffer; batch_id: BatchId; answer: string }>(
    `select body_hash, batch_id, answer from idempotency_keys
     where tenant = $1 and route = $2 and key = $3 and created_at > now() - ${KEPT_FOR}`,
    [tenant, route, key],
  )
  if (kept === undefined) return undefined
  if (!kept.body_hash.equals(bodyHash)) throw new Fault('idempotency.key_reused')
  return { kind: 'replayed', batchId: kept.batch_id, answer: kept.answer }
}

async function keepAnswer(db: Queries, submission: Submission, { route, key, bodyHash }: Idempotency): Promise<void> {
  await db.query(
    `insert into idempotency_keys (tenant, route, key, body_hash, batch_id, answer) values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant, route, key) do update
     set body_hash = excluded.body_hash, batch_id = excluded.batch_id, answer = excluded.answer, created_at = now()`,
    [submission.tenant, route, key, bodyHash, submission.batchId, submission.answer],
  )
}

async function insertBatch(db: Queries, { batchId, tenant, queue, tasks }: Submission): Promise<Created> {
  const rows = await db.query<{ task_id: TaskId; released: boolean }>(INSERT, [
    batchId,
    tenant,
    queue,
    tasks.map((task) => task.taskId),
    tasks.map((task) => task.campaignSn),
    tasks.map((task) => task.magicType),
    tasks.map((task) => task.lane),
    tasks.map((task) => payloadHash(task.record)),
    tasks.map((task) => task.deadline ?? null),
    tasks.map((task) => task.record),
    tasks.map((task) => task.metadata ?? null),
    tasks.map((task) => task.cost),
  ])
  return { kind: 'created', released: new Set(rows.flatMap((row) => (row.released ? [row.task_id] : []))) }
}

/** What a claim compares a record with: the SHA-256 of its value. */
export function payloadHash(record: string | Buffer): Buffer {
  return createHash('sha256').update(record).digest()
}

/** Forgets keys that are older than a day. */
export async function forgetOldKeys(db: Queries): Promise<void> {
  await db.query(`delete from idempotency_keys where created_at < now() - ${KEPT_FOR}`)
}
