import type { Environment } from '@magictask/runtime'

/** A real Apache Kafka for tests, of one node. Disposing it ends it and removes its data. */
export interface TestKafka extends AsyncDisposable {
  /** `host:port`, for clients on this machine. */
  readonly brokers: readonly string[]
  /** Where it comes from, for the line that a test run prints. */
  readonly how: string
  /** Kills it (SIGKILL). Throws for one that was handed in: it is not ours to stop. */
  stop(): Promise<void>
  /** Starts it again after `stop`, with the same data on the same ports. */
  start(): Promise<void>
}

/** What a way of starting it needs to know. */
export interface KafkaWayDeps {
  readonly env: Environment
  /** Resolves once the broker answers; rejects after a minute, or as soon as `gone` rejects. */
  readonly isUp: (brokers: readonly string[], gone?: Promise<never>) => Promise<void>
}
