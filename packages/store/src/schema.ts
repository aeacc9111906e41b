import { bytes, core, now, sql, time } from './columns.ts'

const { bigint, boolean, index, integer, pgTable, primaryKey, smallint, text, uuid } = core

/*
  tasks, payloads, results, answers and model_calls are range-partitioned by the task's id (UUIDv7, so by time) in the
  migration, which drizzle cannot say. There are no foreign keys between them: partitions are dropped, rows never deleted.
*/

/** The life of each task: narrow, because it is rewritten at every step. What is written once stands in the other tables. */
export const tasks = pgTable(
  'tasks',
  {
    id: uuid('id').primaryKey(),
    batchId: uuid('batch_id').notNull(),
    tenant: text('tenant').notNull(),
    campaignSn: text('campaign_sn').notNull(),
    magicType: text('magic_type').notNull(),
    lane: text('lane').notNull(),
    queue: text('queue').notNull(),
    payloadHash: bytes('payload_hash').notNull(),
    state: text('state').notNull().default('queued'),
    /** Rises by one at every claim and never falls; every write of a worker names it. */
    fence: integer('fence').notNull().default(0),
    deaths: integer('deaths').notNull().default(0),
    tries: integer('tries').notNull().default(0),
    /** What it is thought to take, in tokens: its price in fair shares. */
    cost: integer('cost').notNull().default(1),
    workerId: uuid('worker_id'),
    deadline: time('deadline'),
    startedAt: time('started_at'),
    claimedAt: time('claimed_at'),
    finishedAt: time('finished_at'),
  },
  (t) => [
    index('tasks_of_tenant').on(t.tenant, t.id),
    // Every update of a row writes all of its indexes: no more of them than these. What runs is little, so what runs on a worker is found here too.
    index('tasks_running').on(t.batchId, t.workerId).where(sql`state = 'running'`),
  ],
)

/** What was submitted: the value of the task's Kafka record, byte for byte, and the user's metadata as JSON text. */
export const payloads = pgTable('payloads', {
  taskId: uuid('task_id').primaryKey(),
  record: text('record').notNull(),
  metadata: text('metadata'),
})

/** How a task ended, written in the statement that ended it. `results` and `error` are JSON text, shown as they stand. */
export const results = pgTable('results', {
  taskId: uuid('task_id').primaryKey(),
  status: text('status').notNull(),
  results: text('results').notNull(),
  error: text('error'),
  degraded: boolean('degraded').notNull(),
  /** What models did in the end, where a result is a stand-in: JSON text, shown as it stands. */
  degradedReason: text('degraded_reason'),
  provider: text('provider'),
  model: text('model'),
  /** Whether at least one of its answers came from the cache, and so cost nothing. */
  cached: boolean('cached').notNull().default(false),
})

/** Answers that are paid while others of the same task are not there yet: a retry asks only for what is missing. */
export const answers = pgTable(
  'answers',
  {
    taskId: uuid('task_id').notNull(),
    suggestion: smallint('suggestion').notNull(),
    answer: text('answer').notNull(),
  },
  (t) => [primaryKey({ columns: [t.taskId, t.suggestion] })],
)

/** Every model call that came to an end, whoever still held the task: it was made and is paid. */
export const modelCalls = pgTable(
  'model_calls',
  {
    taskId: uuid('task_id').notNull(),
    callId: uuid('call_id').notNull(),
    batchId: uuid('batch_id').notNull(),
    /** -1 of a call that serves all of them. */
    suggestion: smallint('suggestion').notNull(),
    fence: integer('fence').notNull(),
    provider: text('provider').notNull(),
    model: text('model').notNull(),
    promptVersion: smallint('prompt_version').notNull(),
    promptTokens: integer('prompt_tokens'),
    /** Of the prompt's, those that the provider had in its cache. */
    cachedTokens: integer('cached_tokens'),
    completionTokens: integer('completion_tokens'),
    /** Of the completion's, those that the model thought and did not show. */
    reasoningTokens: integer('reasoning_tokens'),
    /** Unknown, not 0, while the price is unknown. */
    costMicroUsd: bigint('cost_micro_usd', { mode: 'number' }),
    latencyMs: integer('latency_ms').notNull(),
    /** Until the first piece of text; only of a streamed call. */
    firstTokenMs: integer('first_token_ms'),
    /** Whether it found out if the model answers again: no attempt of the task. */
    probe: boolean('probe').notNull().default(false),
    /** `answered`, `aborted`, or the fault's code. */
    outcome: text('outcome').notNull(),
    recordedAt: time('recorded_at').notNull().default(now),
  },
  (t) => [primaryKey({ columns: [t.taskId, t.callId] })],
)

/** One row while a task is queued. Small, unpartitioned, and the only place where order is decided. */
export const waiting = pgTable(
  'waiting',
  {
    taskId: uuid('task_id').primaryKey(),
    tenant: text('tenant').notNull(),
    lane: text('lane').notNull(),
    queue: text('queue').notNull(),
    /** What it is thought to take, in tokens: its tenant's share is counted in them. */
    cost: integer('cost').notNull().default(1),
    /** When it may run; null: at once. Only retries and scheduled tasks have one, so that they need not be skipped over. */
    dueAt: time('due_at'),
    deadline: time('deadline'),
    /** While this is in the future the task counts as being on Kafka. */
    releasedUntil: time('released_until'),
    /** The target whose return wakes it before it is due. */
    waitsFor: text('waits_for'),
  },
  (t) => [
    // By tenant first: the relay walks from tenant to tenant, and reads what their first tasks cost from the index alone.
    // Within a tenant by deadline, those without one last, then by age.
    index('waiting_in_order')
      .on(t.lane, t.queue, t.tenant, t.deadline, t.taskId, t.cost)
      .where(sql`released_until is null and due_at is null`),
    index('waiting_until_due').on(t.lane, t.queue, t.dueAt).where(sql`released_until is null and due_at is not null`),
    index('waiting_released').on(t.lane, t.queue, t.releasedUntil).where(sql`released_until is not null`),
    index('waiting_until_deadline').on(t.deadline).where(sql`deadline is not null`),
    index('waiting_of_tenant').on(t.tenant),
    index('waiting_for_target').on(t.waitsFor, t.taskId).where(sql`waits_for is not null`),
  ],
)

/** Ended tasks whose result record is not acknowledged by Kafka yet. */
export const resultOutbox = pgTable('result_outbox', {
  taskId: uuid('task_id').primaryKey(),
  createdAt: time('created_at').notNull().default(now),
})

/** A batch and its counts, kept by whoever ends a task. `open` is what has not ended; who brings it to 0 writes `finished_at`. */
export const batches = pgTable(
  'batches',
  {
    batchId: uuid('batch_id').primaryKey(),
    tenant: text('tenant').notNull(),
    firstTaskId: uuid('first_task_id').notNull(),
    lastTaskId: uuid('last_task_id').notNull(),
    submitted: integer('submitted').notNull(),
    open: integer('open').notNull(),
    succeeded: integer('succeeded').notNull().default(0),
    failed: integer('failed').notNull().default(0),
    cancelled: integer('cancelled').notNull().default(0),
    expired: integer('expired').notNull().default(0),
    modelCalls: integer('model_calls').notNull().default(0),
    promptTokens: bigint('prompt_tokens', { mode: 'number' }).notNull().default(0),
    completionTokens: bigint('completion_tokens', { mode: 'number' }).notNull().default(0),
    costMicroUsd: bigint('cost_micro_usd', { mode: 'number' }).notNull().default(0),
    unpricedCalls: integer('unpriced_calls').notNull().default(0),
    createdAt: time('created_at').notNull().default(now),
    finishedAt: time('finished_at'),
  },
  (t) => [index('batches_of_tenant').on(t.tenant, t.createdAt)],
)

/** The answer to each submission that carried a key, kept for a day. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenant: text('tenant').notNull(),
    route: text('route').notNull(),
    key: text('key').notNull(),
    bodyHash: bytes('body_hash').notNull(),
    batchId: uuid('batch_id').notNull(),
    answer: text('answer').notNull(),
    createdAt: time('created_at').notNull().default(now),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.route, t.key] }), index('idempotency_keys_by_age').on(t.createdAt)],
)

/** The catalogue of a tenant as a whole. Locked by whoever changes it, so its revisions are committed in their order. */
export const skuCatalogues = pgTable('sku_catalogues', {
  tenant: text('tenant').primaryKey(),
  /** Rises with every change; whoever holds a copy compares. */
  revision: bigint('revision', { mode: 'number' }).notNull(),
  entries: integer('entries').notNull(),
})

/** What a tenant sells, each with its place among descriptions: 32-bit floats, comparable within one embedding model. */
export const skus = pgTable(
  'skus',
  {
    tenant: text('tenant').notNull(),
    sku: text('sku').notNull(),
    description: text('description').notNull(),
    embedding: bytes('embedding').notNull(),
    embeddingModel: text('embedding_model').notNull(),
    /** The catalogue's revision that wrote it last. */
    revision: bigint('revision', { mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenant, t.sku] }), index('skus_by_revision').on(t.tenant, t.revision)],
)
