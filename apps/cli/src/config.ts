import { ApiVariables, TokenVariables } from '@magictask/api'
import { KafkaVariables } from '@magictask/kafka'
import { ModelVariables } from '@magictask/models'
import { LOG_LEVELS, postgresUrl } from '@magictask/runtime'
import { WorkerVariables } from '@magictask/worker'
import { z } from 'zod'

/** The whole configuration of all-in-one. Every variable may be missing: without a server named, its own is used. */
export const StartConfig = z.intersection(
  z.intersection(KafkaVariables, ModelVariables),
  z.intersection(
    TokenVariables,
    WorkerVariables.extend({
      ...ApiVariables.shape,
      POSTGRES_URL: postgresUrl.optional(),
      LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
    }),
  ),
)
export type StartConfig = z.infer<typeof StartConfig>
