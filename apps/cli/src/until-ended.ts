import type { BatchAnswer } from '@magictask/contracts'
import type { BatchId } from '@magictask/domain'
import type { z } from 'zod'
import type { ApiClient } from './api-client.ts'

export type Batch = z.infer<typeof BatchAnswer>

const LOOK_S = 1

/** Waits for the end of a batch, and tells once a second how far it is. Undefined when there is none of this id. */
export async function untilEnded(
  client: ApiClient,
  id: BatchId,
  onLook: (batch: Batch) => void,
): Promise<Batch | undefined> {
  for (;;) {
    const batch = await client.batch(id, LOOK_S)
    if (batch === undefined) return undefined
    onLook(batch)
    if (batch.finished_at !== undefined) return batch
  }
}

/** How many of its tasks have come to an end. */
export function endedOf({ counts }: Batch): number {
  return counts.submitted - counts.queued - counts.running
}
