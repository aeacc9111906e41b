import { KafkaVariables } from '@magictask/kafka'
import { EmbedderVariables } from '@magictask/models'
import { duration, flag, hostList, LOG_LEVELS, postgresUrl, weights, wholeNumber } from '@magictask/runtime'
import { z } from 'zod'
import { DemandedTokenVariables } from './token-variables.ts'
import type { WaitingCaps } from './waiting-room.ts'

const MOST_WAITING = 1_000_000_000

/** How an api works, wherever it runs. Durations come out in milliseconds. */
export const ApiVariables = z.object({
  LLM_PORT: wholeNumber({ min: 0, max: 65_535 }).prefault('8080'),
  LLM_ENABLE_CORS: flag.prefault('true'),
  MAX_WAITING_PER_TENANT: wholeNumber({ min: 1, max: MOST_WAITING }).prefault('200000'),
  MAX_WAITING: wholeNumber({ min: 1, max: MOST_WAITING }).prefault('2000000'),
})

/** The caps on waiting tasks, as the environment says. */
export function waitingCaps(env: z.infer<typeof ApiVariables>): WaitingCaps {
  return { perTenant: env.MAX_WAITING_PER_TENANT, total: env.MAX_WAITING }
}

/** The whole configuration of an api process: unlike all-in-one it needs servers to talk to, and a key. */
export const ApiConfig = z.intersection(
  z.intersection(KafkaVariables, DemandedTokenVariables),
  ApiVariables.extend({
    ...EmbedderVariables.shape,
    KAFKA_BOOTSTRAP_SERVERS: hostList,
    POSTGRES_URL: postgresUrl,
    WORKER_LEASE: duration({ minMs: 4_000, maxMs: 300_000 }).prefault('15s'),
    TENANT_WEIGHTS: weights.prefault(''),
    SHUTDOWN_GRACE: duration({ minMs: 0, maxMs: 90_000_000 }).prefault('20s'),
    LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  }),
)
export type ApiConfig = z.infer<typeof ApiConfig>
