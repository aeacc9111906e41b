import { KafkaVariables } from '@magictask/kafka'
import { CacheVariables, ModelVariables } from '@magictask/models'
import { duration, hostList, LOG_LEVELS, postgresUrl, weights, wholeNumber } from '@magictask/runtime'
import { z } from 'zod'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** How a worker works, wherever it runs. Durations come out in milliseconds. */
export const WorkerVariables = z.object({
  LLM_MAX_WORKERS: wholeNumber({ min: 1, max: 1_024 }).prefault('10'),
  LLM_MAX_QUEUE_SIZE: wholeNumber({ min: 1, max: 100_000 }).prefault('1000'),
  LLM_TASK_TIMEOUT: duration({ minMs: 1_000, maxMs: 24 * HOUR_MS }).prefault('5m'),
  WORKER_LEASE: duration({ minMs: 4_000, maxMs: 5 * MINUTE_MS }).prefault('15s'),
  SHUTDOWN_GRACE: duration({ minMs: 0, maxMs: 25 * HOUR_MS }).optional(),
  TENANT_WEIGHTS: weights.prefault(''),
  ...CacheVariables.shape,
})

/** How a worker works; what it works on is handed to it apart. */
export interface WorkerSettings {
  /** Model calls at once. */
  readonly slots: number
  /** Tasks held in memory. */
  readonly mostHeld: number
  readonly taskTimeoutMs: number
  readonly leaseMs: number
  /** How long a drain waits for calls in flight. */
  readonly graceMs: number
  /** The shares of tenants beside the others' 1. */
  readonly tenantWeights: ReadonlyMap<string, number>
  readonly version: string
}

const GRACE_BEYOND_TIMEOUT_MS = 10_000

/** `defaultGraceMs`: where the environment names none; left out, it is the task time-out and ten seconds more. */
export function workerSettings(variables: z.infer<typeof WorkerVariables>, defaultGraceMs?: number): WorkerSettings {
  const taskTimeoutMs = variables.LLM_TASK_TIMEOUT
  return {
    slots: variables.LLM_MAX_WORKERS,
    mostHeld: variables.LLM_MAX_QUEUE_SIZE,
    taskTimeoutMs,
    leaseMs: variables.WORKER_LEASE,
    graceMs: variables.SHUTDOWN_GRACE ?? defaultGraceMs ?? taskTimeoutMs + GRACE_BEYOND_TIMEOUT_MS,
    tenantWeights: variables.TENANT_WEIGHTS,
    version: VERSION,
  }
}

const VERSION = '0.1.0'

/** The whole configuration of a worker process: unlike all-in-one it needs servers to talk to. */
export const WorkerConfig = z.intersection(
  z.intersection(KafkaVariables, ModelVariables),
  WorkerVariables.extend({
    KAFKA_BOOTSTRAP_SERVERS: hostList,
    POSTGRES_URL: postgresUrl,
    LLM_PORT: wholeNumber({ min: 0, max: 65_535 }).prefault('8080'),
    LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  }),
)
