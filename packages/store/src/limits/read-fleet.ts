import type { FleetView, LivingWorker } from '@magictask/domain'
import type { Queries } from '../database.ts'
import { readTargets } from './targets.ts'

interface WorkerRow extends Omit<LivingWorker, 'workerId'> {
  readonly worker_id: string
}

/** Reads what the fleet does now: a row a worker, a limit and a target, whatever waits. */
export async function readFleet(db: Queries): Promise<FleetView> {
  const [workers, limits, targets] = await Promise.all([
    db.query<WorkerRow>('select worker_id, slots, running, calls, routes, version from workers order by started_at'),
    db.query<FleetView['limits'][number]>(
      `select name, sum(held)::int as held, sum(wanted)::int as wanted from slots_held
       group by name having sum(held) + sum(wanted) > 0 order by name`,
    ),
    readTargets(db),
  ])
  return { workers: workers.map(({ worker_id: workerId, ...worker }) => ({ workerId, ...worker })), limits, targets }
}
