import { core, now, time } from './columns.ts'

const { doublePrecision, integer, jsonb, pgTable, primaryKey, real, text, uuid } = core

/** The living workers. Who is dead is seen by watching `beat`, never computed from a time in this row. */
export const workers = pgTable('workers', {
  workerId: uuid('worker_id').primaryKey(),
  beat: integer('beat').notNull().default(0),
  slots: integer('slots').notNull(),
  running: integer('running').notNull().default(0),
  settledPerSecond: real('settled_per_s').notNull().default(0),
  /** Who may answer each queue here: `{queue: [{target, most}]}`, `most` null where no limit is set. Empty: anybody, without limit. */
  routes: jsonb('routes').notNull().default({}),
  /** Calls under way, as of the last beat: `{"<queue>/<provider>": calls}`. */
  calls: jsonb('calls').notNull().default({}),
  version: text('version').notNull(),
  startedAt: time('started_at').notNull().default(now),
})

/** Which process may do what only one should do at a time, and until when. */
export const leases = pgTable('leases', {
  name: text('name').primaryKey(),
  holder: uuid('holder').notNull(),
  until: time('until').notNull(),
})

/** What a worker may use of each of the fleet's limits. Only the worker itself takes from its row, or the rescue of a dead one. */
export const slotsHeld = pgTable(
  'slots_held',
  {
    /** The limit: `all`, `provider:P`, `queue:Q/P`, `type:T`, `target:P/M`. */
    name: text('name').notNull(),
    workerId: uuid('worker_id').notNull(),
    held: integer('held').notNull(),
    /** More that it has calls for and did not get. */
    wanted: integer('wanted').notNull().default(0),
    /** Of a small limit: whose call is next there, and whose are under way. */
    turns: jsonb('turns'),
  },
  (t) => [primaryKey({ columns: [t.name, t.workerId] })],
)

/** A token bucket of the fleet: requests or tokens of a provider. Locked by whoever takes from it. */
export const rateBuckets = pgTable('rate_buckets', {
  /** `requests:P` or `tokens:P`. */
  name: text('name').primaryKey(),
  /** What is in it; below 0 after calls that took more than they were thought to. */
  level: doublePrecision('level').notNull(),
  filledAt: time('filled_at').notNull().default(now),
  /** What the provider was seen to take a second; null while it has not refused anything. */
  learnedPerSecond: doublePrecision('learned_per_s'),
})

/** How each target does, as the whole fleet sees it: the breaker's state. A target without a row is closed. */
export const targets = pgTable('targets', {
  /** `provider/model`. */
  name: text('name').primaryKey(),
  /** `closed`, `open`, `probing`, `ramping`. */
  state: text('state').notNull(),
  /** Calls at once in the whole fleet while it probes or ramps. */
  most: integer('most'),
  reason: text('reason'),
  since: time('since').notNull().default(now),
  /** When an open one is probed. */
  until: time('until'),
  /** `open` or `closed`, by an admin's word, whatever is seen. */
  forced: text('forced'),
  /** Rises with every change; whoever changes it names the one it saw. */
  revision: integer('revision').notNull().default(0),
})

/** What calls took beyond what was thought when their tasks were released: the relay charges it to the tenant. */
export const fairCharges = pgTable('fair_charges', {
  tenant: text('tenant').notNull(),
  lane: text('lane').notNull(),
  queue: text('queue').notNull(),
  tokens: integer('tokens').notNull(),
})

/** What may be on Kafka of each queue, as the releaser saw it last: a submission that fits is released at once. */
export const releaseRoom = pgTable('release_room', {
  queue: text('queue').primaryKey(),
  /** In each of its lanes. */
  tasks: integer('tasks').notNull(),
  /** Since when nobody may be asked; null while somebody may. What waits too long for nobody is given up. */
  outSince: time('out_since'),
})
