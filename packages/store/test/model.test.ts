import { happen, POISON, type TaskEvent, type TaskId, type TaskState, type WorkerId } from '@magictask/domain'
import {
  failed,
  givenBack,
  openStoreUnderTest,
  retried,
  type StoreUnderTest,
  succeeded,
  TENANT,
} from '@magictask/testkit'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { cancelTask, expireTasks, getBatch, type Outcome, readBeats, rescueTasks, settleTasks } from '../src/index.ts'

let store: StoreUnderTest
beforeAll(async () => {
  store = await openStoreUnderTest(inject('postgresUrl'), { template: inject('postgresTemplate') })
})
afterAll(() => store[Symbol.asyncDispose]())

const TASKS = 3
const WORKERS = 2

/** What is tried on task and worker number so-and-so; a settle may be late by some fences. */
type Step = { readonly task: number; readonly worker: number; readonly late: number } & {
  readonly what: 'claim' | 'succeed' | 'fail' | 'retry' | 'give-back' | 'die' | 'cancel' | 'expire'
}

const step: fc.Arbitrary<Step> = fc.record({
  task: fc.nat(TASKS - 1),
  worker: fc.nat(WORKERS - 1),
  late: fc.constantFrom(0, 0, 0, 1, 2),
  what: fc.constantFrom(
    'claim',
    'claim',
    'claim',
    'claim',
    'succeed',
    'fail',
    'retry',
    'give-back',
    'die',
    'die',
    'cancel',
    'expire',
  ),
})

/** The store and the model side by side. */
interface Both {
  readonly taskIds: readonly TaskId[]
  readonly workers: WorkerId[]
  readonly states: TaskState[]
}

const OUTCOMES = { succeed: succeeded, fail: failed, retry: retried, 'give-back': givenBack } as const

const VERDICTS = {
  succeed: (fence: number): TaskEvent => ({ kind: 'settle', fence, to: 'succeeded' }),
  fail: (fence: number): TaskEvent => ({ kind: 'settle', fence, to: 'failed', fault: 'worker.defect' }),
  retry: (fence: number): TaskEvent => ({ kind: 'retry', fence }),
  'give-back': (fence: number): TaskEvent => ({ kind: 'give-back', fence }),
} as const

// PROTOCOL 1, 2: whatever happens in whatever order, the store does what the domain says
test('the store follows the model through any sequence of events, and the counts add up after each', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
      const batch = await store.submit({ count: TASKS })
      const both: Both = {
        taskIds: batch.taskIds,
        workers: [await store.hire(), await store.hire()],
        states: batch.taskIds.map(() => ({ kind: 'queued', fence: 0, deaths: 0, tries: 0 })),
      }
      for (const one of steps) {
        await take(both, one)
        expect(await readStates(both.taskIds)).toEqual(both.states.map(shown))
        const counts = (await getBatch(store.db, TENANT, batch.batchId))?.counts
        expect(counts).toEqual({ submitted: TASKS, ...countsOf(both.states) })
      }
    }),
    { numRuns: 50 },
  )
})

async function take(both: Both, { what, task, worker, late }: Step): Promise<void> {
  const [taskId, workerId, state] = [both.taskIds[task], both.workers[worker], both.states[task]]
  if (taskId === undefined || workerId === undefined || state === undefined) throw new Error('no such number')
  const mark = (event: TaskEvent) => {
    both.states[task] = happen(state, event)
  }
  switch (what) {
    case 'claim':
      await store.claim(workerId, [taskId])
      return mark({ kind: 'claim', worker: workerId })
    case 'die':
      return die(both, worker, workerId)
    case 'cancel':
      await cancelTask(store.db, TENANT, taskId)
      return mark({ kind: 'cancel' })
    case 'expire':
      await store.db.query(`update tasks set deadline = now() where id = $1 and state = 'queued'`, [taskId])
      await store.db.query('update waiting set deadline = now() where task_id = $1', [taskId])
      await expireTasks(store.db)
      return mark({ kind: 'deadline-passed' })
    default: {
      const fence = Math.max(0, state.fence - late)
      const outcome: Outcome = OUTCOMES[what]({ taskId, fence })
      await settleTasks(store.db, { outcomes: [outcome], calls: [], answers: [] })
      return mark(VERDICTS[what](fence))
    }
  }
}

/** The worker is rescued, and another takes its number. Beside a suspect, only the suspect is to blame. */
async function die(both: Both, worker: number, workerId: WorkerId): Promise<void> {
  await rescueTasks(
    store.db,
    (await readBeats(store.db)).filter((beat) => beat.workerId === workerId),
  )
  const lost = both.states.filter((state) => state.kind === 'running' && state.worker === workerId)
  const isSuspect = ({ deaths }: TaskState) => deaths >= POISON.suspectFrom
  const aSuspectWasThere = lost.some(isSuspect)
  for (const [index, state] of both.states.entries()) {
    if (!lost.includes(state)) continue
    both.states[index] = happen(state, { kind: 'worker-died', culprit: !aSuspectWasThere || isSuspect(state) })
  }
  both.workers[worker] = await store.hire()
}

const shown = (state: TaskState) => ({
  state: state.kind,
  fence: state.fence,
  deaths: state.deaths,
  tries: state.tries,
  worker_id: state.kind === 'running' ? state.worker : null,
  waiting: state.kind === 'queued' ? 1 : 0,
})

async function readStates(taskIds: readonly TaskId[]): Promise<readonly unknown[]> {
  return store.db.query(
    `select state, fence, deaths, tries, worker_id, (select count(*) from waiting w where w.task_id = t.id)::int as waiting
     from tasks t where id = any($1) order by id`,
    [taskIds],
  )
}

function countsOf(states: readonly TaskState[]): Record<string, number> {
  const counts: Record<string, number> = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 }
  for (const { kind } of states) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
