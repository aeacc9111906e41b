import { Fault, type TenantId } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'

/** How many tasks may wait. */
export interface WaitingCaps {
  readonly perTenant: number
  readonly total: number
}

interface RoomDeps {
  readonly caps: WaitingCaps
  readonly clock: Clock
  readonly countWaiting: (tenant: TenantId) => Promise<{ readonly tenant: number; readonly all: number }>
}

/** Room that was found for a submission. It is kept until it is disposed: after the commit, or when there will be none. */
export type Seats = Disposable

/** Keeps the caps on waiting tasks. */
export interface WaitingRoom {
  /** Throws `quota.exceeded` when the tenant's cap leaves no room for so many, `overloaded` when the system's does. */
  admit(tenant: TenantId, tasks: number): Promise<Seats>
}

/** A count, what came after it, and what was admitted but may not be in any count yet. */
interface Tally {
  counted: number
  countedAtMs: number
  addedSince: number
  seated: number
}

const COUNT_MS = 1_000
const TENANTS_KEPT = 10_000

/** Counts are at most a second old, and what this process added since is added. Before anybody is refused it counts anew. */
export function createWaitingRoom({ caps, clock, countWaiting }: RoomDeps): WaitingRoom {
  const everybody = emptyTally()
  const tenants = new Map<TenantId, Tally>()

  function tallyOf(tenant: TenantId): Tally {
    const tally = tenants.get(tenant) ?? emptyTally()
    tenants.delete(tenant)
    tenants.set(tenant, tally) // the latest are last
    const [oldest] = tenants.keys()
    if (tenants.size > TENANTS_KEPT && oldest !== undefined) tenants.delete(oldest)
    return tally
  }

  async function count(tenant: TenantId, ofTenant: Tally): Promise<void> {
    const counted = await countWaiting(tenant)
    note(ofTenant, counted.tenant, clock.elapsedMs())
    note(everybody, counted.all, clock.elapsedMs())
  }

  return {
    async admit(tenant, tasks) {
      const ofTenant = tallyOf(tenant)
      const fits = () => ofTenant.addedSince + ofTenant.counted + tasks <= caps.perTenant
      const fitsAll = () => everybody.addedSince + everybody.counted + tasks <= caps.total
      const fresh = clock.elapsedMs() - ofTenant.countedAtMs < COUNT_MS
      if (!fresh || !fits() || !fitsAll()) await count(tenant, ofTenant)
      if (!fits()) throw new Fault('quota.exceeded')
      if (!fitsAll()) throw new Fault('overloaded')
      return seat([ofTenant, everybody], tasks)
    },
  }
}

function emptyTally(): Tally {
  return { counted: 0, countedAtMs: Number.NEGATIVE_INFINITY, addedSince: 0, seated: 0 }
}

function note(tally: Tally, counted: number, nowMs: number): void {
  tally.counted = counted
  tally.countedAtMs = nowMs
  tally.addedSince = tally.seated
}

function seat(tallies: readonly Tally[], tasks: number): Seats {
  for (const tally of tallies) {
    tally.addedSince += tasks
    tally.seated += tasks
  }
  return {
    [Symbol.dispose]() {
      for (const tally of tallies) tally.seated -= tasks
    },
  }
}
