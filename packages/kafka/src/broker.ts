import type { Loop } from '@magictask/runtime'

/** Bytes as they travel. A header that came twice keeps its last value. */
export type Headers = Readonly<Record<string, Buffer | string>>

/**
 * A record to be written. Its key decides about the partition; without one, or `spread`, records go to all of them in turns, and
 * those that are written at once and `together` go to one.
 */
export interface OutgoingRecord {
  readonly topic: string
  readonly key: string | Buffer | null
  readonly value: string | Buffer | null
  readonly headers?: Headers
  readonly partition?: 'spread' | 'together'
}

/** A record as it was read. Offsets are decimal text: they pass 2^53. */
export interface IncomingRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

/** Writes records, many at a time. Disposing it sends what is still waiting, then disconnects. */
export interface Publisher extends AsyncDisposable {
  /**
   * Resolves once every record is acknowledged by all in-sync replicas; rejects with `PublishError` that names those
   * that are not. Calls that come within the linger share one request. A flush that the broker refuses for a
   * record's sake is halved until the bad record stands alone, so one bad record harms no other.
   */
  publish(records: readonly OutgoingRecord[]): Promise<void>
}

/** Some records were not acknowledged: they may or may not have been written. */
export class PublishError extends Error {
  override readonly name = 'PublishError'
  readonly failed: readonly OutgoingRecord[]

  constructor(failed: readonly OutgoingRecord[], cause: unknown) {
    super(`${failed.length} records were not acknowledged`, { cause })
    this.failed = failed
  }
}

export interface ConsumerOptions {
  readonly topic: string
  readonly group: string
  /** Where a group without a committed offset begins: true at the oldest record (task topics), false at the end (results). */
  readonly fromBeginning: boolean
  /**
   * Decides about records of one partition, in order; resolves with how many of them, from the first on, are decided.
   * It must not work in it: milliseconds, not seconds. Fewer than given: there was no room; the partition pauses until
   * `resume()`, and the rest comes again. A rejection: nothing is decided and the same records come again after a pause.
   * Different partitions are decided side by side.
   */
  readonly decide: (records: readonly IncomingRecord[]) => Promise<number>
  /** The consumer is dead for good: the process should end, so that it is started anew. */
  readonly onCrash: (error: unknown) => void
  /** Deletes the group when the consumer leaves it: for groups that belong to one process. */
  readonly deleteGroupOnLeave?: boolean
}

/** A member of a group. Disposing it commits what is decided, leaves the group at once, and waits for decisions in hand. Twice is harmless. */
export interface Consumer extends AsyncDisposable {
  /** There is room again: every paused partition is fetched again. */
  resume(): void
  /** When it last took records or found none to take; liveness looks at it. */
  readonly loop: Pick<Loop, 'name' | 'idleMs'>
  /** True between joining the group and leaving it. */
  joined(): boolean
}

/** What carries records: Apache Kafka, or one in memory that keeps the same promises. */
export interface Broker extends AsyncDisposable {
  /** What start-up prints: `Kafka at localhost:9092`, `memory broker`. */
  readonly name: string
  /** Makes the topics that are missing; those that exist are left as they are. */
  ensureTopics(
    topics: readonly { readonly name: string; readonly partitions: number; readonly replicationFactor: number }[],
  ): Promise<void>
  openPublisher(): Promise<Publisher>
  /** Resolves once the consumer has begun to join; it goes on trying while the broker is away. */
  startConsumer(options: ConsumerOptions): Promise<Consumer>
  /** Whether the broker answers, within two seconds. */
  reachable(): Promise<boolean>
}

/** A consumer that a test can end as a killed process would: nothing is committed, and the group has to find out. */
export interface KillableConsumer extends Consumer {
  kill(): Promise<void>
}

/** What both brokers are: the application needs no more than `Broker`. */
export interface KillableBroker extends Broker {
  startConsumer(options: ConsumerOptions): Promise<KillableConsumer>
}
