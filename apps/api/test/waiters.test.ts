import { newTaskId, systemClock } from '@magictask/runtime'
import { expect, test, vi } from 'vitest'
import { startWaiters } from '../src/waiters.ts'

test('who is woken while all are re-read is read once more, and not only a second later', async () => {
  const taskId = newTaskId()
  const reads: ((ended: boolean) => void)[] = []
  const query = vi.fn(
    () =>
      new Promise<readonly never[]>((resolve) => {
        const rows: unknown = [{ kind: 'task', id: taskId }]
        reads.push((ended) => resolve(ended && isRows(rows) ? rows : []))
      }),
  )
  // Time stands still, so nobody is re-read only because a second has passed.
  const clock = { ...systemClock, elapsedMs: () => 0 }
  await using waiters = startWaiters({ db: { query }, clock, onError: () => undefined })
  const over = waiters.untilEnded({ task: { taskId } }, { waitMs: 30_000, gone: new AbortController().signal })

  await vi.waitFor(() => expect(reads).toHaveLength(1))
  waiters.taskEnded(taskId)
  reads[0]?.(false) // what it has read is older than the end
  await vi.waitFor(() => expect(reads).toHaveLength(2))
  reads[1]?.(true)
  await over
})

function isRows(rows: unknown): rows is readonly never[] {
  return Array.isArray(rows)
}
