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

/** What is known of how many wait: a count of rows, and what this process has let in beside it. */
interface Tally {
  counted: number
  countedAtMs: number
  /** Let in and perhaps not in the count: their commit was under way when it began. */
  seatedAtCount: number
  admittedAtCount: number
  /** Let in ever, and of those not yet done. */
  admitted: number
  seated: number
  /** The count that is under way: whoever needs one meanwhile shares it. */
  counting: Promise<void> | undefined
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

  function countOnce(tenant: TenantId, ofTenant: Tally): Promise<void> {
    ofTenant.counting ??= count(tenant, ofTenant).finally(() => {
      ofTenant.counting = undefined
    })
    return ofTenant.counting
  }

  async function count(tenant: TenantId, ofTenant: Tally): Promise<void> {
    const [noteTenant, noteAll] = [beginCount(ofTenant), beginCount(everybody)]
    const counted = await countWaiting(tenant)
    noteTenant(counted.tenant, clock.elapsedMs())
    noteAll(counted.all, clock.elapsedMs())
  }

  return {
    async admit(tenant, tasks) {
      const ofTenant = tallyOf(tenant)
      const fits = () => waiting(ofTenant) + tasks <= caps.perTenant
      const fitsAll = () => waiting(everybody) + tasks <= caps.total
      const fresh = clock.elapsedMs() - ofTenant.countedAtMs < COUNT_MS
      if (!fresh || !fits() || !fitsAll()) await countOnce(tenant, ofTenant)
      if (!fits()) throw new Fault('quota.exceeded')
      if (!fitsAll()) throw new Fault('overloaded')
      return seat([ofTenant, everybody], tasks)
    },
  }
}

function emptyTally(): Tally {
  const none = { counted: 0, seatedAtCount: 0, admittedAtCount: 0, admitted: 0, seated: 0 }
  return { ...none, countedAtMs: Number.NEGATIVE_INFINITY, counting: undefined }
}

/** At most so many wait: what was let in while the count ran may be in it as well. */
function waiting(tally: Tally): number {
  return tally.counted + tally.seatedAtCount + tally.admitted - tally.admittedAtCount
}

/** Remembers what is under way as a count begins; the result notes the count once it is there. */
function beginCount(tally: Tally): (counted: number, nowMs: number) => void {
  const { seated, admitted } = tally
  return (counted, nowMs) => {
    tally.counted = counted
    tally.countedAtMs = nowMs
    tally.seatedAtCount = seated
    tally.admittedAtCount = admitted
  }
}

function seat(tallies: readonly Tally[], tasks: number): Seats {
  for (const tally of tallies) {
    tally.admitted += tasks
    tally.seated += tasks
  }
  return {
    [Symbol.dispose]() {
      for (const tally of tallies) tally.seated -= tasks
    },
  }
}
