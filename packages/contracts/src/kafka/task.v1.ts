import { BatchId, Lane, TaskId, TenantId, Tier } from '@magictask/domain'
import { z } from 'zod'
import type { Contract } from '../contract.ts'
import { LIMITS } from '../limits.ts'

/*
  topic     KAFKA_TOPIC for the lane normal, <KAFKA_TOPIC>.high, <KAFKA_TOPIC>.low
  key       task_id          tasks are independent, so spread them; order is kept nowhere
  value     task_id          UUIDv7
            batch_id         UUIDv7
            tenant           who pays
            tier             free | paid
            lane             high | normal | low
            campaignSn       the tenant's own
            magicType        names the chain
            content          what it works on
            num_suggestions  1 to 10
            params           optional: an object for the chain
            deadline         optional: RFC 3339 in UTC; past it the task is expired
            submitted_at     RFC 3339 in UTC
  writer    api after a submission, relay ever after; at least once, always the same bytes
  reader    worker, which claims by task_id and the hash of these bytes, and so tolerates repeats and forgeries
  changes   a new optional field stays v1; a new meaning is task.v2.ts
*/
const time = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})

/** A task as it stands in a record. */
export const Task = z.object({
  task_id: TaskId,
  batch_id: BatchId,
  tenant: TenantId,
  tier: Tier,
  lane: Lane,
  campaignSn: z.string(),
  magicType: z.string(),
  content: z.string(),
  num_suggestions: z.int().min(1).max(LIMITS.numSuggestions),
  params: z.record(z.string(), z.unknown()).optional(),
  deadline: time.optional(),
  submitted_at: time,
})
export type Task = z.infer<typeof Task>

/** The whole task, as a worker is handed it. */
export const taskV1: Contract<typeof Task> = { type: 'magictask.task.v1', schema: Task }

/** The base topic, and so the topic of the lane `normal`, unless it is said. */
export const DEFAULT_TOPIC = 'magic-task'

/**
 * The group of a lane's workers. Installations on one Kafka differ in their base topic and so in their groups: a group's
 * leader shares its own topics out to every member, and what falls to a member of another installation is read by nobody.
 */
export function workerGroup({ lanes }: { readonly lanes: Readonly<Record<Lane, string>> }, lane: Lane): string {
  return lanes.normal === DEFAULT_TOPIC ? `llm-worker.${lane}` : `llm-worker.${lanes.normal}.${lane}`
}
