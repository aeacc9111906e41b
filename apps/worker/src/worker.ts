import type { SkuCatalogue } from '@magictask/chains'
import { EMBEDDINGS, type RetryPolicy } from '@magictask/domain'
import type { Broker, Publisher, TopicNames } from '@magictask/kafka'
import type { AnswerCache, AwayTarget, OpenAdmission, Targets } from '@magictask/models'
import {
  type Clock,
  type Health,
  type Log,
  liveness,
  type Note,
  readiness,
  startStrainWatch,
  type Telemetry,
} from '@magictask/runtime'
import { type Database, ping } from '@magictask/store'
import { startUpkeep } from '@magictask/upkeep'
import type { WorkerSettings } from './config.ts'
import { drain } from './drain.ts'
import { openFleetAdmission } from './fleet-admission.ts'
import { startInput } from './input.ts'
import { type Lease, takeLease } from './lease.ts'
import { Ledger } from './ledger.ts'
import { watchRunning } from './loops/watch-running.ts'
import { Places } from './places.ts'
import { queueRoutes } from './queue-routes.ts'
import { createResultsPublisher } from './results-publisher.ts'
import { createRetryBudgets } from './retry-budgets.ts'
import { createRunner, type Runner } from './runner.ts'
import type { RunningTasks } from './running-tasks.ts'
import { SettleRate } from './settle-rate.ts'
import { Suspects } from './suspects.ts'

export interface WorkerDeps {
  readonly settings: WorkerSettings
  readonly db: Database
  /** Where `db` is, for the connection that listens. */
  readonly databaseUrl: string
  /** Of one connection, for the lease alone. */
  readonly leaseDb: Database
  readonly broker: Broker
  readonly publisher: Publisher
  readonly topics: TopicNames
  readonly targets: Targets
  readonly cache: AnswerCache
  readonly catalogue: Pick<SkuCatalogue, 'candidates'>
  readonly retry: RetryPolicy
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
  /** Told whom calls wait for, once a minute at most. */
  readonly onAway?: (away: readonly AwayTarget[]) => void
  /** A consumer is dead for good: the process should end. */
  readonly onCrash: (error: unknown) => void
}

/**
 * A worker that takes tasks. Disposing it drains: it leaves its groups at once, finishes its calls within the grace
 * time, gives back what is left, and takes its lease away. The publisher and the databases stay open.
 */
export interface Worker extends AsyncDisposable {
  live(): Health
  ready(): Promise<Health>
  /** What is worth knowing of it, well or not: its resources, and how each target stands. */
  notes(): readonly Note[]
}

/** Starts a worker: it registers, joins its groups and takes what there is room for. */
export async function startWorker(deps: WorkerDeps): Promise<Worker> {
  const { settings, db, clock, log, telemetry } = deps
  const state: State = {
    running: new Map(),
    places: new Places(settings.slots),
    suspects: new Suspects(),
    rate: new SettleRate(),
  }
  const results = createResultsPublisher(deps)
  const ledger = new Ledger({ db, clock, log, telemetry, onEnded: results.publish })
  const fleet = openFleetAdmission({ ...deps, workerId: () => lease.id() })
  const { admission } = fleet
  const lease = await leaseOf(deps, state, { ledger, admission })
  const runner = createTaskRunner(deps, state, { ledger, lease, admission, onRoom: () => input.onRoom() })
  const input = await startInput({ ...deps, ...state, lease, runner, admission })
  const watch = watchRunning({
    ...deps,
    running: state.running,
    taskTimeoutMs: settings.taskTimeoutMs,
    isNext: ({ stopping }) => admission.isNext(stopping.signal),
    onTurn: input.onRoom,
  })
  const upkeep = startUpkeep({ ...deps, ...settings, holder: lease.id() })
  const strain = startStrainWatch({ ...deps, onShare: takeOn(deps, [state.places, admission]) })
  const loops = [lease.loop, watch, admission.loop, strain.loop, ...upkeep.loops]

  const notes = () => [{ name: 'resources', says: strain.says() ?? 'enough' }, ...admission.notes()]
  let drained: Promise<void> | undefined
  return {
    live: () => liveness([...loops, ...input.consumers.map((consumer) => consumer.loop)]),
    ready: () =>
      readiness(
        [
          { name: 'not draining', look: () => drained === undefined },
          { name: 'database', look: () => ping(db).then(() => true) },
          { name: 'broker', look: () => deps.broker.reachable() },
          { name: 'consumers', look: () => input.consumers.every((consumer) => consumer.joined()) },
          { name: 'lease', look: () => lease.holds() },
        ],
        notes(),
      ),
    notes,
    [Symbol.asyncDispose]: () =>
      (drained ??= drain({
        ...deps,
        ...input,
        graceMs: settings.graceMs,
        running: state.running,
        runner,
        loops: [watch, strain, fleet, upkeep],
        ledger,
        results,
        lease,
      })),
  }
}

/** What a worker holds in memory. */
interface State {
  readonly running: RunningTasks
  readonly places: Places
  readonly suspects: Suspects
  readonly rate: SettleRate
}

function leaseOf(
  deps: WorkerDeps,
  state: State,
  { ledger, admission }: { readonly ledger: Ledger; readonly admission: OpenAdmission },
): Promise<Lease> {
  const { settings, clock } = deps
  return takeLease({
    ...deps,
    db: deps.leaseDb,
    leaseMs: settings.leaseMs,
    slots: settings.slots,
    routes: queueRoutes(deps.targets),
    version: settings.version,
    load: () => ({
      running: state.places.taken,
      settledPerSecond: state.rate.perSecond(clock.elapsedMs()),
      calls: admission.underWay(),
    }),
    known: () => [...state.running.keys()],
    onUnknown: (held) => {
      for (const claim of held) void ledger.settle({ ...claim, state: 'queued', counted: false, waitMs: 0 })
    },
  })
}

/** Uses only a part of the slots that the settings name, at least one. */
function takeOn(
  { settings, telemetry }: WorkerDeps,
  parts: readonly { resize(slots: number): void }[],
): (share: number) => void {
  return (share) => {
    telemetry.record('magictask_admitted_share', share, {})
    for (const part of parts) part.resize(Math.max(1, Math.floor(settings.slots * share)))
  }
}

interface RunnerParts {
  readonly ledger: Ledger
  readonly lease: Lease
  readonly admission: OpenAdmission
  readonly onRoom: () => void
}

function createTaskRunner(deps: WorkerDeps, state: State, parts: RunnerParts): Runner {
  const { ledger, lease, admission, onRoom } = parts
  return createRunner({
    ...deps,
    ...state,
    ledger,
    onRoom,
    execute: {
      admission,
      cache: deps.cache,
      flights: new Map(),
      retry: deps.retry,
      retryBudgets: createRetryBudgets(deps.clock),
      sources: { catalogue: deps.catalogue },
      embeds: deps.targets.routes.has(EMBEDDINGS),
      clock: deps.clock,
      telemetry: deps.telemetry,
      mayCall: lease.holds,
      recordCall: (call) => ledger.recordCall(call),
      recordAnswer: (answer) => ledger.recordAnswer(answer),
    },
  })
}
