import { LANES, QUEUES } from '@magictask/domain'
import { newWorkerId } from '@magictask/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Look, lookAtWaiting, markReleased, type Queries, tendWaiting, wakeWaiting } from '../src/index.ts'
import { openReleaseUnderTest, type ReleaseUnderTest } from './release-under-test.ts'

// What a release costs depends on what is released, not on what waits: counted in pages that PostgreSQL looks at.

let store: ReleaseUnderTest
beforeAll(async () => {
  store = await openReleaseUnderTest()
  await store.db.query(`insert into targets (name, state) values ('p/m', 'closed')`)
})
afterAll(() => store[Symbol.asyncDispose]())

const TENANTS = 1_000

async function fill(rows: number): Promise<void> {
  await store.db.query('truncate waiting')
  await store.db.query(
    `insert into waiting (task_id, tenant, lane, queue, cost, deadline)
     select ('01a20000-0000-7' || lpad(to_hex(n % 4096), 3, '0') || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       'tenant-' || n % $2, 'normal', 'text.free', 300, case when n % 10 = 0 then now() + n * interval '1 s' end
     from generate_series(1, $1) as n`,
    [rows, TENANTS],
  )
}

/** Runs a verb's statements for their plans; gives the pages that they touched. */
async function pagesOf(work: (db: Queries) => Promise<unknown>): Promise<number> {
  let pages = 0
  const spy: Queries = {
    async query(text, values) {
      const [row] = await store.db.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Pages }] }>(
        `explain (analyze, buffers, format json) ${text}`,
        values,
      )
      const plan = row?.['QUERY PLAN'][0].Plan
      pages += (plan?.['Shared Hit Blocks'] ?? 0) + (plan?.['Shared Read Blocks'] ?? 0)
      return []
    },
  }
  await work(spy).catch(() => undefined) // a verb that insists on a row gets none
  return pages
}

interface Pages {
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
}

const LOOKS: readonly Look[] = LANES.flatMap((lane) =>
  QUEUES.map((queue) => ({ lane, queue, after: 'tenant-500', most: 64 })),
)
const LEASE = { holder: newWorkerId(), leaseMs: 1 }

async function pagesOfATick() {
  const ids = await store.order()
  return {
    look: await pagesOf((db) => lookAtWaiting(db, LOOKS, 64)),
    mark: await pagesOf((db) => markReleased(db, { ...LEASE, taskIds: ids.slice(0, 64) })),
    tend: await pagesOf((db) => tendWaiting(db, LEASE)),
    wake: await pagesOf((db) => wakeWaiting(db)),
  }
}

test.each(['as it was filled', 'analyzed'])(
  'a tick touches about as many pages with 100,000 waiting as with 2,000, %s',
  async (how) => {
    await fill(2_000)
    if (how === 'analyzed') await store.db.query('analyze waiting')
    const few = await pagesOfATick()
    await fill(100_000)
    if (how === 'analyzed') await store.db.query('analyze waiting')
    const many = await pagesOfATick()
    expect(many.look).toBeLessThan(few.look * 2 + 200)
    expect(many.mark).toBeLessThan(few.mark * 2 + 200)
    expect(many.tend).toBeLessThan(few.tend * 2 + 200)
    expect(many.wake).toBeLessThan(few.wake * 2 + 200)
    expect(many.look).toBeLessThan(2_000)
    expect(Math.min(few.look, few.mark, few.tend, few.wake)).toBeGreaterThan(0)
  },
)
