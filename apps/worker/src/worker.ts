import type { SkuCatalogue } from '@magictask/chains'
import { workerGroup } from '@magictask/contracts'
import { LANES, type Lane, type RetryPolicy } from '@magictask/domain'
import type { Broker, Consumer, Publisher, TopicNames } from '@magictask/kafka'
import type { Provider } from '@magictask/models'
import { type Clock, type Health, type Log, liveness, readiness, type Telemetry } from '@magictask/runtime'
import { type Database, ping } from '@magictask/store'
import { startUpkeep } from '@magictask/upkeep'
import { createClaimer } from './claim-records.ts'
import type { WorkerSettings } from './config.ts'
import { drain } from './drain.ts'
import { type Lease, takeLease } from './lease.ts'
import { Ledger } from './ledger.ts'
import { type ConsumeDeps, claimSuspect, decideAbout } from './loops/consume-tasks.ts'
import { watchRunning } from './loops/watch-running.ts'
import { admitToOnly } from './only-target.ts'
import { Places } from './places.ts'
import { createResultsPublisher } from './results-publisher.ts'
import { createRetryBudgets } from './retry-budgets.ts'
import { createRunner, type Runner } from './runner.ts'
import type { RunningTasks } from './running-tasks.ts'
import { SettleRate } from './settle-rate.ts'
import { Suspects } from './suspects.ts'

export interface WorkerDeps {
  readonly settings: WorkerSettings
  readonly db: Database
  /** Of one connection, for the lease alone. */
  readonly leaseDb: Database
  readonly broker: Broker
  readonly publisher: Publisher
  readonly topics: TopicNames
  readonly provider: Provider
  readonly catalogue: Pick<SkuCatalogue, 'candidates'>
  readonly retry: RetryPolicy
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
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
  const lease = await takeLease({
    ...deps,
    db: deps.leaseDb,
    leaseMs: settings.leaseMs,
    slots: settings.slots,
    version: settings.version,
    load: () => ({ running: state.places.taken, settledPerSecond: state.rate.perSecond(clock.elapsedMs()) }),
    known: () => [...state.running.keys()],
    onUnknown: (held) => {
      for (const claim of held) void ledger.settle({ ...claim, state: 'queued', counted: false, waitMs: 0 })
    },
  })
  const runner = createTaskRunner(deps, state, { ledger, lease, onRoom: () => input.onRoom() })
  const input = await startInput(deps, state, { lease, runner })
  const watch = watchRunning({
    ...deps,
    running: state.running,
    taskTimeoutMs: settings.taskTimeoutMs,
    onTurn: input.onRoom,
  })
  const upkeep = startUpkeep({ ...deps, ...settings, holder: lease.id() })
  const loops = [lease.loop, watch, ...upkeep.loops]

  let drained: Promise<void> | undefined
  return {
    live: () => liveness([...loops, ...input.consumers.map((consumer) => consumer.loop)]),
    ready: () =>
      readiness([
        { name: 'not draining', look: () => drained === undefined },
        { name: 'database', look: () => ping(db).then(() => true) },
        { name: 'broker', look: () => deps.broker.reachable() },
        { name: 'consumers', look: () => input.consumers.every((consumer) => consumer.joined()) },
        { name: 'lease', look: () => lease.holds() },
      ]),
    [Symbol.asyncDispose]: () =>
      (drained ??= drain({
        ...deps,
        ...input,
        graceMs: settings.graceMs,
        running: state.running,
        runner,
        watch,
        ledger,
        results,
        upkeep,
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

interface RunnerParts {
  readonly ledger: Ledger
  readonly lease: Lease
  readonly onRoom: () => void
}

function createTaskRunner(deps: WorkerDeps, state: State, { ledger, lease, onRoom }: RunnerParts): Runner {
  return createRunner({
    ...deps,
    ...state,
    ledger,
    onRoom,
    execute: {
      admission: admitToOnly(deps.provider, deps.settings.slots),
      retry: deps.retry,
      retryBudgets: createRetryBudgets(deps.clock),
      sources: { catalogue: deps.catalogue },
      telemetry: deps.telemetry,
      mayCall: lease.holds,
      recordCall: (call) => ledger.recordCall(call),
      recordAnswer: (answer) => ledger.recordAnswer(answer),
    },
  })
}

interface Input {
  readonly consumers: readonly Consumer[]
  readonly onRoom: () => void
}

/**
 * How far ahead of a free slot tasks are claimed, in seconds of what ends here: longer than a paused partition takes to be
 * fetched again, short of the second after which a task without a slot is given back.
 */
const AHEAD_S = 0.4

async function startInput(
  deps: WorkerDeps,
  state: State,
  { lease, runner }: { lease: Lease; runner: Runner },
): Promise<Input> {
  const { settings, topics, clock } = deps
  const consume: ConsumeDeps = {
    ...deps,
    ...state,
    deadLetterTopic: topics.deadLetters,
    ahead: () =>
      Math.max(
        0,
        Math.min(Math.ceil(state.rate.perSecond(clock.elapsedMs()) * AHEAD_S), settings.mostHeld - settings.slots),
      ),
    mayClaim: lease.holds,
    claim: createClaimer({ db: deps.db, workerId: lease.id, suspectRoom: () => state.suspects.room }),
    start: runner.start,
    keepSuspect: (suspect) => state.suspects.keep(suspect),
  }
  const start = (lane: Lane) =>
    deps.broker.startConsumer({
      topic: topics.lanes[lane],
      group: workerGroup(topics, lane),
      fromBeginning: true,
      decide: (records) => decideAbout(consume, lane, records),
      onCrash: deps.onCrash,
    })
  const consumers = await Promise.all(LANES.map(start))
  let resuming = false
  let resumedAtMs = Number.NEGATIVE_INFINITY
  const resume = () => {
    resuming = false
    resumedAtMs = clock.elapsedMs()
    // While all slots are busy a fetch is made for many tasks, not for each that ends.
    if (!lease.holds() || state.places.taken > settings.slots + consume.ahead() * REFILL_BELOW) return
    for (const consumer of consumers) consumer.resume()
    claimSuspect(consume, state.suspects)
  }
  return {
    consumers,
    onRoom() {
      if (resuming) return
      resuming = true
      setTimeout(resume, Math.max(RESUME_LINGER_MS, resumedAtMs + RESUME_EVERY_MS - clock.elapsedMs()))
    },
  }
}

/** What is claimed ahead is filled up once less than this share of it is left. */
const REFILL_BELOW = 0.5
/** Places that free up within this time are filled by one fetch and one claim. */
const RESUME_LINGER_MS = 4
/** From one such fetch to the next: what was claimed ahead keeps the slots busy meanwhile. */
const RESUME_EVERY_MS = 20
