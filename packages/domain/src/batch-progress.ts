import type { TaskStateKind } from './task-state.ts'

/** How far a batch has come. In every answer `submitted` is the sum of the six others. */
export type BatchCounts = Readonly<Record<'submitted' | TaskStateKind, number>>

/** What a batch as a whole can be. */
export const BATCH_STATUSES = ['in_progress', 'done', 'error', 'cancelled'] as const
export type BatchStatus = (typeof BATCH_STATUSES)[number]

/** A batch ends as `error` if any task failed or expired, else `cancelled` if any was, else `done`. */
export function batchStatus(counts: BatchCounts): BatchStatus {
  if (counts.queued + counts.running > 0) return 'in_progress'
  if (counts.failed + counts.expired > 0) return 'error'
  return counts.cancelled > 0 ? 'cancelled' : 'done'
}
