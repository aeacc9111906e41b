import { setTimeout as sleep } from 'node:timers/promises'
import type { Measured } from '../figures.ts'
import { holdReleases } from '../hold-releases.ts'
import type { Sizes } from '../sizes.ts'
import { type System, type SystemDeps, startSystem } from '../system.ts'

const BACKLOGS = [100, 50_000, 200, 20_000, 400, 10_000, 800, 5_000, 1_600]
const LATENCY_MS = 100
const BATCH = 100

/** Nine tenants with backlogs of very different lengths: how evenly they are served while all have work. */
export async function measureFairShares(deps: SystemDeps, { mostOfATenant }: Sizes): Promise<Measured> {
  await using system = await startSystem(deps)
  await deps.model.setLatency(LATENCY_MS)
  const letGo = await holdReleases(system)
  for (const [n, backlog] of BACKLOGS.entries()) await submitAs(system, `tenant-${n}`, Math.min(backlog, mostOfATenant))
  await letGo()
  return { jain: jainOf(await servedWhileAllHaveWork(system)) }
}

/** Submits so many tasks of one tenant. */
export async function submitAs(system: System, tenant: string, tasks: number): Promise<void> {
  for (let left = tasks; left > 0; left -= BATCH) await system.submit(Math.min(BATCH, left), { tenant })
}

const LOOK_MS = 50

/** The tokens of each tenant, as they were the last time that each still had a task to end. */
async function servedWhileAllHaveWork({ db }: System): Promise<readonly number[]> {
  let served: readonly number[] = []
  for (;;) {
    const rows = await db.query<{ tokens: number; open: number }>(
      'select sum(prompt_tokens + completion_tokens)::int as tokens, sum(open)::int as open from batches group by tenant',
    )
    if (rows.some(({ open }) => open === 0)) return served
    served = rows.map(({ tokens }) => tokens)
    await sleep(LOOK_MS)
  }
}

/** 1 when all have had the same; 1/n when one of n has had everything. */
function jainOf(shares: readonly number[]): number {
  const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)
  return sumOf(shares) ** 2 / (shares.length * sumOf(shares.map((share) => share ** 2)))
}
