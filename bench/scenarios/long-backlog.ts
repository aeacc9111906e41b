import { setTimeout as sleep } from 'node:timers/promises'
import type { Measured } from '../figures.ts'
import { holdReleases } from '../hold-releases.ts'
import { cpuMsOf } from '../process-cpu.ts'
import type { Sizes } from '../sizes.ts'
import { type System, type SystemDeps, startSystem } from '../system.ts'

const TENANTS = 1_000
const SUBMITTED_AT_ONCE = 8

/** What a task costs while a million wait behind it, against what it costs while a thousand do; of a thousand tenants. */
export async function measureLongBacklog(deps: SystemDeps, sizes: Sizes): Promise<Measured> {
  const few = await measureBehind(deps, sizes, 0)
  const many = await measureBehind(deps, sizes, sizes.backlog)
  if (few.postgresMs === undefined || many.postgresMs === undefined) return {}
  return {
    'backlog-cpu': (many.appsMs + many.postgresMs) / (few.appsMs + few.postgresMs),
    'backlog-cpu-ours': many.appsMs / few.appsMs,
    'backlog-cpu-postgres': many.postgresMs / few.postgresMs,
  }
}

interface Cost {
  readonly appsMs: number
  readonly postgresMs: number | undefined
}

async function measureBehind(deps: SystemDeps, { tasksAtOnce }: Sizes, behind: number): Promise<Cost> {
  await using system = await startSystem(deps)
  await deps.model.setLatency(0)
  const letGo = await holdReleases(system)
  // Twice as many as are measured, so that nobody's run out.
  await submitForAll(system, (2 * tasksAtOnce) / TENANTS)
  await addBehind(system, behind)
  await letGo()
  await untilEnded(system, tasksAtOnce / 3)
  const before = readCpu(deps, system)
  await untilEnded(system, tasksAtOnce)
  const after = readCpu(deps, system)
  const { postgresMs } = after
  return {
    appsMs: after.appsMs - before.appsMs,
    postgresMs: postgresMs === undefined ? undefined : postgresMs - (before.postgresMs ?? 0),
  }
}

async function submitForAll(system: System, tasksEach: number): Promise<void> {
  const tenants = Array.from({ length: TENANTS }, (_, n) => tenantNamed(n))
  await Promise.all(
    Array.from({ length: SUBMITTED_AT_ONCE }, async () => {
      for (let tenant = tenants.pop(); tenant !== undefined; tenant = tenants.pop())
        await system.submit(Math.ceil(tasksEach), { tenant })
    }),
  )
}

const tenantNamed = (n: number) => `tenant-${String(n).padStart(4, '0')}`

/** Rows that wait behind everything that was submitted, of the same tenants: none of them gets its turn before the end. */
async function addBehind({ db }: System, rows: number): Promise<void> {
  await db.query(
    `insert into waiting (task_id, tenant, lane, queue, cost)
     select ('ffffffff-ffff-7' || lpad(to_hex(n % 4096), 3, '0') || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       'tenant-' || lpad((n % ${TENANTS})::text, 4, '0'), 'normal', 'text.paid', 300
     from generate_series(1, $1) as n`,
    [rows],
  )
  // What that leaves to be done is not of the tasks that are measured.
  await db.query('vacuum (freeze, analyze) waiting')
  await db.query('checkpoint')
}

const LOOK_MS = 50

async function untilEnded({ db }: System, tasks: number): Promise<void> {
  for (;;) {
    const [row] = await db.query<{ ended: number }>('select sum(submitted - open)::int as ended from batches')
    if ((row?.ended ?? 0) >= tasks) return
    await sleep(LOOK_MS)
  }
}

function readCpu({ servers }: SystemDeps, { api, worker }: System): Cost {
  return { appsMs: cpuMsOf(api.pid) + cpuMsOf(worker.pid), postgresMs: servers.postgres.cpuMs() }
}
