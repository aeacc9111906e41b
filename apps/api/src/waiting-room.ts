import { Fault, type TenantId } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import { createBudget } from './counting-budget.ts'
import { createTally, type Tally, type TallyDeps } from './waiting-tally.ts'

/** How many tasks may wait. */
export interface WaitingCaps {
  readonly perTenant: number
  readonly total: number
}

interface RoomDeps {
  readonly caps: WaitingCaps
  readonly clock: Clock
  /** Of one tenant, or of all. */
  readonly countWaiting: (tenant?: TenantId) => Promise<number>
}

/** Room that was found for a submission. It is kept until it is disposed: after the commit, or when there will be none. */
export type Seats = Disposable

/** Keeps the caps on waiting tasks. */
export interface WaitingRoom {
  /** Throws `quota.exceeded` when the tenant's cap leaves no room for so many, `overloaded` when the system's does. */
  admit(tenant: TenantId, tasks: number): Promise<Seats>
}

const TENANTS_KEPT = 10_000

/**
 * Knows how many wait from counts of rows and from what this process has let in since. Counting takes the longer the more
 * wait, so all counts together take a hundredth of a core: beyond that the room goes by what it knows.
 */
export function createWaitingRoom({ caps, clock, countWaiting }: RoomDeps): WaitingRoom {
  const budget = createBudget(clock)
  const tallyOf = (cap: number, count: TallyDeps['count']) => createTally({ cap, count, budget, clock })
  const everybody = tallyOf(caps.total, () => countWaiting())
  const tenants = new Map<TenantId, Tally>()

  function ofTenant(tenant: TenantId): Tally {
    const tally = tenants.get(tenant) ?? tallyOf(caps.perTenant, () => countWaiting(tenant))
    tenants.delete(tenant)
    tenants.set(tenant, tally) // the latest are last
    const [oldest] = tenants.keys()
    if (tenants.size > TENANTS_KEPT && oldest !== undefined) tenants.delete(oldest)
    return tally
  }

  return {
    async admit(tenant, tasks) {
      const tallies = [ofTenant(tenant), everybody] as const
      await Promise.all(tallies.map((tally) => tally.look(tasks)))
      if (!tallies[0].fits(tasks)) throw new Fault('quota.exceeded')
      if (!tallies[1].fits(tasks)) throw new Fault('overloaded')
      return seat(tallies, tasks)
    },
  }
}

function seat(tallies: readonly Tally[], tasks: number): Seats {
  const seats = tallies.map((tally) => tally.seat(tasks))
  return {
    [Symbol.dispose]() {
      for (const each of seats) each[Symbol.dispose]()
    },
  }
}
