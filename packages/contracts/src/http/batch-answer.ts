import { BATCH_STATUSES, type BatchCounts, BatchId, batchStatus } from '@magictask/domain'
import { z } from 'zod'
import { Usage, type UsageFacts, usageOf } from './usage.ts'

const count = z.int().min(0)

/** How far a batch is: `submitted` is the sum of the others, in every answer. */
export const Counts = z
  .strictObject({
    submitted: count,
    queued: count,
    running: count,
    succeeded: count,
    failed: count,
    cancelled: count,
    expired: count,
  })
  .meta({ id: 'Counts' })

/** A batch, as every route shows it. */
export const BatchAnswer = z
  .strictObject({
    batch_id: BatchId,
    status: z.enum(BATCH_STATUSES),
    counts: Counts,
    usage: Usage,
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().optional(),
  })
  .meta({ id: 'Batch' })

/** What is known of a batch. */
export interface BatchFacts {
  readonly batchId: BatchId
  readonly counts: BatchCounts
  readonly usage: UsageFacts
  readonly createdAt: Date
  readonly finishedAt?: Date
}

/** A `BatchAnswer` as JSON text. */
export function batchText(batch: BatchFacts): string {
  return JSON.stringify({
    batch_id: batch.batchId,
    status: batchStatus(batch.counts),
    counts: countsOf(batch.counts),
    usage: usageOf(batch.usage),
    created_at: batch.createdAt,
    finished_at: batch.finishedAt,
  })
}

/** The counts in the order in which they are shown. */
export function countsOf(counts: BatchCounts): z.infer<typeof Counts> {
  const { submitted, queued, running, succeeded, failed, cancelled, expired } = counts
  return { submitted, queued, running, succeeded, failed, cancelled, expired }
}
