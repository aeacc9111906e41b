import { type TargetName, type WorkerId, weightsFrom } from '@magictask/domain'
import { type AwayTarget, type OpenAdmission, openAdmission, type Targets } from '@magictask/models'
import type { Clock, Log, Telemetry } from '@magictask/runtime'
import { type Database, wakeWaiting } from '@magictask/store'
import type { WorkerSettings } from './config.ts'
import { openFleet } from './fleet.ts'

export interface FleetAdmissionDeps {
  readonly settings: WorkerSettings
  readonly targets: Targets
  readonly db: Database
  /** Where `db` is, for the connection that listens. */
  readonly databaseUrl: string
  readonly workerId: () => WorkerId
  /** Told whom calls wait for, once a minute at most. */
  readonly onAway?: (away: readonly AwayTarget[]) => void
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

/** The admission of a worker, by the limits and targets that it shares with the fleet; disposing it ends its listening too. */
export function openFleetAdmission(deps: FleetAdmissionDeps): { readonly admission: OpenAdmission } & AsyncDisposable {
  const fleet = openFleet(deps)
  const admission = openAdmission({
    ...deps,
    ...deps.targets,
    slots: deps.settings.slots,
    weightOf: weightsFrom(deps.settings.tenantWeights),
    fleet,
    onRecovered: wakeAll(deps),
  })
  const listening = fleet.listen(deps.databaseUrl, admission, deps)
  return {
    admission,
    async [Symbol.asyncDispose]() {
      await Promise.all([listening[Symbol.asyncDispose](), admission[Symbol.asyncDispose]()])
    },
  }
}

/** Makes due what waits for a target that answers again. */
function wakeAll({ db, log }: FleetAdmissionDeps): (target: TargetName) => void {
  const wake = async (target: TargetName) => {
    while ((await wakeWaiting(db, [target])).more);
  }
  return (target) => {
    wake(target).catch((error: unknown) => log.warn('what waits for a target could not be woken', { target }, error))
  }
}
