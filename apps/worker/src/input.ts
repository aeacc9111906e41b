import { type Task, workerGroup } from '@magictask/contracts'
import { EMBEDDINGS, LANES, type Lane } from '@magictask/domain'
import type { Broker, Consumer, Publisher, TopicNames } from '@magictask/kafka'
import type { OpenAdmission, Targets } from '@magictask/models'
import type { Clock, Log, Telemetry } from '@magictask/runtime'
import { type AwayFor, type Database, parkTasks } from '@magictask/store'
import { createClaimer } from './claim-records.ts'
import type { WorkerSettings } from './config.ts'
import { inTurns } from './in-turns.ts'
import type { Lease } from './lease.ts'
import { type ConsumeDeps, claimSuspect, decideAbout } from './loops/consume-tasks.ts'
import type { Places } from './places.ts'
import { Rooms } from './rooms.ts'
import type { Runner } from './runner.ts'
import type { RunningTask, RunningTasks } from './running-tasks.ts'
import type { SettleRate } from './settle-rate.ts'
import type { Suspects } from './suspects.ts'

export interface InputDeps {
  readonly settings: WorkerSettings
  readonly db: Database
  readonly broker: Broker
  readonly publisher: Publisher
  readonly topics: TopicNames
  readonly places: Places
  readonly suspects: Suspects
  readonly rate: SettleRate
  readonly lease: Lease
  readonly runner: Runner
  readonly running: RunningTasks
  readonly admission: Pick<OpenAdmission, 'room' | 'outage'>
  readonly targets: Pick<Targets, 'limits' | 'routes'>
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
  /** A consumer is dead for good: the process should end. */
  readonly onCrash: (error: unknown) => void
}

/** Where a worker's tasks come from. */
export interface Input {
  readonly consumers: readonly Consumer[]
  /** There is room again; looked at soon, and for much at once. */
  readonly onRoom: () => void
}

/**
 * How far ahead of a free slot tasks are claimed, in seconds of what ends here: longer than a paused partition takes to be
 * fetched again, short of the second after which a task without a slot is given back.
 */
const AHEAD_S = 0.4

/** Joins the groups of all lanes and takes what there is room for. */
export async function startInput(deps: InputDeps): Promise<Input> {
  const consume = consumeDeps(deps)
  const { topics } = deps
  const start = (lane: Lane) =>
    deps.broker.startConsumer({
      topic: topics.lanes[lane],
      group: workerGroup(topics, lane),
      fromBeginning: true,
      decide: inTurns((records) => decideAbout(consume, lane, records)),
      onCrash: deps.onCrash,
    })
  const consumers = await Promise.all(LANES.map(start))
  return { consumers, onRoom: resumeAtRoom(deps, consume, consumers) }
}

function consumeDeps(deps: InputDeps): ConsumeDeps {
  const { settings, topics, db, lease, rate, clock, suspects, admission, running, targets } = deps
  const rooms = new Rooms({ admission, running, targets })
  return {
    ...deps,
    deadLetterTopic: topics.deadLetters,
    ahead: () =>
      Math.max(0, Math.min(Math.ceil(rate.perSecond(clock.elapsedMs()) * AHEAD_S), settings.mostHeld - settings.slots)),
    rooms,
    waiting: () => [...running.values()].filter(isIdle).map(({ task }) => task),
    park: (tasks) => park(deps, rooms, tasks),
    mayClaim: lease.holds,
    claim: createClaimer({ db, workerId: lease.id, suspectRoom: () => suspects.room }),
    start: deps.runner.start,
    keepSuspect: (suspect) => suspects.keep(suspect),
  }
}

/** What has had its answers only waits to be settled. */
function isIdle({ underWay, places }: RunningTask): boolean {
  return underWay === 0 && places > 0
}

/** Those whose type has a limit of its own wait for that; those that lack embeddings more than answers hold up no others of their queue. */
async function park(deps: InputDeps, rooms: Rooms, tasks: readonly Task[]): Promise<void> {
  const { magicTypes } = deps.targets.limits
  const away = awayToEmbed(deps)
  const parts = Map.groupBy(tasks, (task) => {
    if (magicTypes.has(task.magicType)) return 'ofType'
    return rooms.toEmbed(task) < rooms.toAnswer(task) ? (away ?? 'ofType') : 'ofQueue'
  })
  const parked = [...parts].map(([waitFor, part]) => {
    const taskIds = part.map(({ task_id }) => task_id)
    return parkTasks(deps.db, taskIds, waitFor)
  })
  await Promise.all(parked)
}

/** Who embeds, while that is known not to answer. */
function awayToEmbed({ admission, targets }: InputDeps): AwayFor | undefined {
  const target = targets.routes.get(EMBEDDINGS)?.candidates[0]?.target
  const outage = target === undefined ? undefined : admission.outage(target)
  return target === undefined || outage === undefined ? undefined : { target, forMs: outage.forMs }
}

/** What is claimed ahead is filled up once less than this share of it is left. */
const REFILL_BELOW = 0.5
/** Places that free up within this time are filled by one fetch and one claim. */
const RESUME_LINGER_MS = 4
/** From one such fetch to the next: what was claimed ahead keeps the slots busy meanwhile. */
const RESUME_EVERY_MS = 20

function resumeAtRoom(deps: InputDeps, consume: ConsumeDeps, consumers: readonly Consumer[]): () => void {
  const { clock, lease, places, suspects } = deps
  let resuming = false
  let resumedAtMs = Number.NEGATIVE_INFINITY
  const resume = () => {
    resuming = false
    resumedAtMs = clock.elapsedMs()
    // While all slots are busy a fetch is made for many tasks, not for each that ends.
    if (!lease.holds() || places.taken > places.slots + consume.ahead() * REFILL_BELOW) return
    for (const consumer of consumers) consumer.resume()
    claimSuspect(consume, suspects)
  }
  return () => {
    if (resuming) return
    resuming = true
    setTimeout(resume, Math.max(RESUME_LINGER_MS, resumedAtMs + RESUME_EVERY_MS - clock.elapsedMs()))
  }
}
