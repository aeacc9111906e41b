import type { TaskId } from '@magictask/domain'
import { newWorkerId } from '@magictask/runtime'
import { type makeSubmission, openStoreUnderTest, type StoreUnderTest } from '@magictask/testkit'
import { inject } from 'vitest'
import {
  type Look,
  lookAtWaiting,
  markReleased,
  type Release,
  type Seen,
  type Tended,
  tendWaiting,
} from '../src/index.ts'

const LEASE = { holder: newWorkerId(), leaseMs: 3_000 }
const PLACE: Look = { lane: 'normal', queue: 'text.free', after: '', most: 1_000 }

/** A store, and the steps of one releaser. */
export interface ReleaseUnderTest extends StoreUnderTest {
  /** Waiting tasks of which none was released with its submission. */
  waiting(wishes?: Parameters<typeof makeSubmission>[0]): Promise<readonly TaskId[]>
  mark(taskIds: readonly TaskId[], changes?: Partial<typeof LEASE>): Promise<Release>
  tend(): Promise<Tended>
  /** At one lane of one queue. */
  look(changes?: Partial<Look>, mostTenants?: number): Promise<Seen>
  /** What `look` sees, in the order in which it is to start. */
  order(): Promise<readonly TaskId[]>
  /** The rows of `waiting`. */
  rows(columns: string): Promise<readonly object[]>
}

export async function openReleaseUnderTest(): Promise<ReleaseUnderTest> {
  const store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
  const { db } = store
  const look = async (changes: Partial<Look> = {}, mostTenants = 64) => {
    const [seen] = await lookAtWaiting(db, [{ ...PLACE, ...changes }], mostTenants)
    if (seen === undefined) throw new Error('nothing was looked at')
    return seen
  }
  return {
    ...store,
    async waiting(wishes) {
      const { taskIds } = await store.submit(wishes)
      await db.query('update waiting set released_until = null where task_id = any($1)', [taskIds])
      return taskIds
    },
    mark: (taskIds, changes = {}) => markReleased(db, { ...LEASE, taskIds, ...changes }),
    tend: () => tendWaiting(db, LEASE),
    look,
    order: async () => (await look()).tenants.flatMap(({ taskIds }) => taskIds),
    rows: (columns) => db.query(`select ${columns} from waiting order by task_id`),
  }
}
