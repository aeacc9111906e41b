import { expect, test } from 'vitest'
import { type BatchCounts, batchStatus } from '../src/index.ts'

const none: BatchCounts = { submitted: 9, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }

test.each([
  [{ queued: 1, failed: 8 }, 'in_progress'],
  [{ running: 1, cancelled: 8 }, 'in_progress'],
  [{ succeeded: 9 }, 'done'],
  [{ succeeded: 8, cancelled: 1 }, 'cancelled'],
  [{ cancelled: 9 }, 'cancelled'],
  [{ succeeded: 8, failed: 1 }, 'error'],
  [{ cancelled: 8, failed: 1 }, 'error'],
  [{ cancelled: 8, expired: 1 }, 'error'],
  [{ expired: 9 }, 'error'],
] as const)('a batch of nine with %o is %s', (counts, status) => {
  expect(batchStatus({ ...none, ...counts })).toBe(status)
})
