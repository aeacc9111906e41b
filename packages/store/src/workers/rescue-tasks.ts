import { FAULTS, POISON, type TaskId, type WorkerId } from '@magictask/domain'
import { type Database, type Queries, repeatOnDeadlock } from '../database.ts'
import { freeSlots } from '../limits/free-slots.ts'
import { ENDING, NOTHING_BILLED, RESULTS_SO_FAR } from '../tasks/ending.ts'
import type { Beat } from './worker-lease.ts'

// A worker's tasks come together, for they are judged together: its rank is one more than the tasks of those before it.
const ORPHANS = `
select id, fence from (
  select t.id, t.fence, rank() over (order by t.worker_id) as place from tasks t
  where t.state = 'running' and not exists (select from workers w where w.worker_id = t.worker_id)
) as orphan
where place <= $1 order by id`

/*
  When the dead worker held a suspect, only the suspect's deaths rise: what ran beside it is innocent. State and fence
  are looked at again after any wait for a lock; "no such worker" would not be, which is why the fence says whose it was.
*/
const RESCUE = `
with orphan as (
  select * from unnest($1::uuid[], $5::int[]) as o (id, fence)
),
held as (
  select t.id, t.fence, t.worker_id, t.deaths from tasks t join orphan o on o.id = t.id
  where t.id = any($1) and t.state = 'running' and t.fence = o.fence
  order by t.id for no key update of t
),
judged as (
  select id, fence, (deaths >= $2 or not bool_or(deaths >= $2) over (partition by worker_id))::int as death from held
),
taken as (
  update tasks t set
    deaths = t.deaths + j.death, worker_id = null,
    state = case when t.deaths + j.death >= $3 then 'failed' else 'queued' end,
    finished_at = case when t.deaths + j.death >= $3 then now() end
  from judged j
  where t.id = j.id and t.id = any($1) and t.state = 'running' and t.fence = j.fence
  returning t.id, t.batch_id, t.tenant, t.lane, t.queue, t.cost, t.deadline, t.state
),
back as (
  insert into waiting (task_id, tenant, lane, queue, cost, deadline)
  select id, tenant, lane, queue, cost, deadline from taken where state = 'queued'
),
ended as (
  select t.id as task_id, t.batch_id, t.state as status, ${RESULTS_SO_FAR} as results, $4::text as error,
    false as degraded, null::text as degraded_reason, false as cached, null::text as provider, null::text as model
  from taken t where t.state = 'failed'
),
${NOTHING_BILLED},
${ENDING}
select id, state from taken`

const POISONED = JSON.stringify({ code: 'task.poison', detail: FAULTS['task.poison'].says })
const AT_ONCE = 1_000

/** What became of the tasks of dead workers. */
export interface Rescued {
  readonly queued: readonly TaskId[]
  readonly poisoned: readonly TaskId[]
}

/**
 * Takes away the leases of workers that were seen dead with the slots that they held, and every running task that has no living worker, in one
 * transaction. The second is asked anew each time, never once per dead worker: a claim that was under way while its
 * worker was taken for dead is found the next time. No more dead workers a call than it takes for 1,000 tasks.
 */
export async function rescueTasks(db: Database, dead: readonly Beat[]): Promise<Rescued> {
  if (dead.length === 0 && (await db.query(ORPHANS, [1])).length === 0) return { queued: [], poisoned: [] }
  return repeatOnDeadlock(() =>
    db.transaction(async (queries) => {
      await removeDead(queries, dead)
      const orphans = await queries.query<{ id: TaskId; fence: number }>(ORPHANS, [AT_ONCE])
      if (orphans.length === 0) return { queued: [], poisoned: [] }
      const taken = await queries.query<{ id: TaskId; state: 'queued' | 'failed' }>(RESCUE, [
        orphans.map((row) => row.id),
        POISON.suspectFrom,
        POISON.failFrom,
        POISONED,
        orphans.map((row) => row.fence),
      ])
      const idsThat = (state: 'queued' | 'failed') => taken.flatMap((row) => (row.state === state ? [row.id] : []))
      return { queued: idsThat('queued'), poisoned: idsThat('failed') }
    }),
  )
}

/** A worker whose beat has moved since it was last looked at is alive, and keeps its row and its slots. */
async function removeDead(db: Queries, dead: readonly Beat[]): Promise<void> {
  if (dead.length === 0) return
  const gone = await db.query<{ worker_id: WorkerId }>(
    `delete from workers w using unnest($1::uuid[], $2::int[]) as d (worker_id, beat)
     where w.worker_id = d.worker_id and w.beat = d.beat returning w.worker_id`,
    [dead.map((worker) => worker.workerId), dead.map((worker) => worker.beat)],
  )
  await freeSlots(
    db,
    gone.map((worker) => worker.worker_id),
  )
}
