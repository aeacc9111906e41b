import { type BatchId, POISON, type TaskId, type TenantId, type WorkerId } from '@magictask/domain'
import { newWorkerId } from '@magictask/runtime'
import {
  type Claim,
  claimTasks,
  createBatch,
  type Database,
  openDatabase,
  registerWorker,
  type Submission,
} from '@magictask/store'
import { makeSubmission, offerOf } from './make.ts'
import { createDatabase } from './test-database.ts'

/** A batch that was submitted. */
export interface Submitted {
  readonly tenant: TenantId
  readonly batchId: BatchId
  readonly taskIds: readonly TaskId[]
}

type Claimed = Extract<Claim, { readonly kind: 'claimed' }>

/** A store with a database of its own, and the steps that most tests begin with. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly db: Database
  readonly url: string
  /** Stores a submission of plain tasks. */
  submit(wishes?: Parameters<typeof makeSubmission>[0]): Promise<Submitted>
  /** Takes up a lease. */
  hire(): Promise<WorkerId>
  /** Offers these tasks to the worker and gives those that it won. */
  claim(workerId: WorkerId, taskIds: readonly TaskId[]): Promise<readonly Claimed[]>
  /** The one task, which the worker has to win. */
  claimOne(workerId: WorkerId, taskId: TaskId): Promise<Claimed>
  /** Resolves once so many statements in this database wait for somebody's lock. */
  untilBlocked(statements?: number): Promise<void>
}

export async function openStoreUnderTest(
  adminUrl: string,
  options: { readonly template: string; readonly maxConnections?: number },
): Promise<StoreUnderTest> {
  await using opened = new AsyncDisposableStack()
  const { url } = opened.use(await createDatabase(adminUrl, { template: options.template }))
  const db = opened.use(
    openDatabase({
      url,
      name: 'test',
      maxConnections: options.maxConnections ?? 12,
      statementTimeoutMs: 20_000,
      onIdleError: () => undefined,
    }),
  )
  const open = opened.move()
  const claim = (workerId: WorkerId, taskIds: readonly TaskId[]) => claimAll(db, workerId, taskIds)
  return {
    db,
    url,
    claim,
    submit: async (wishes) => submittedAs(db, makeSubmission(wishes)),
    hire: () => hire(db),
    async claimOne(workerId, taskId) {
      const [claimed] = await claim(workerId, [taskId])
      if (claimed === undefined) throw new Error('The claim did not win')
      return claimed
    },
    untilBlocked: (statements = 1) => untilBlocked(db, statements),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

async function submittedAs(db: Database, submission: Submission): Promise<Submitted> {
  await createBatch(db, submission)
  const { tenant, batchId, tasks } = submission
  return { tenant, batchId, taskIds: tasks.map((task) => task.taskId) }
}

async function hire(db: Database): Promise<WorkerId> {
  const workerId = newWorkerId()
  await registerWorker(db, { workerId, slots: 64, version: 'test' })
  return workerId
}

async function claimAll(db: Database, workerId: WorkerId, taskIds: readonly TaskId[]): Promise<readonly Claimed[]> {
  const claims = await claimTasks(db, {
    workerId,
    offers: taskIds.map(offerOf),
    suspectRoom: 1,
    suspectFrom: POISON.suspectFrom,
  })
  return claims.filter((claim) => claim.kind === 'claimed')
}

const LOOKS = 1_000

async function untilBlocked(db: Database, statements: number): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    const blocked = await db.query(
      `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (blocked.length >= statements) return
  }
  throw new Error('Nothing waits for a lock')
}
