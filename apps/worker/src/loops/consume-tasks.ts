import { decode, LIMITS, type Task, taskV1 } from '@magictask/contracts'
import { Fault, type FaultCode, type Lane } from '@magictask/domain'
import { deadLetter, type IncomingRecord, type Publisher } from '@magictask/kafka'
import type { Clock, Log, Telemetry } from '@magictask/runtime'
import { type Claim, type Offer, payloadHash } from '@magictask/store'
import type { Places } from '../places.ts'
import type { Rooms } from '../rooms.ts'
import type { ClaimedTask } from '../running-tasks.ts'
import type { Suspects } from '../suspects.ts'

export interface ConsumeDeps {
  readonly places: Places
  /** Tasks that may be claimed a moment before a slot is free for them. */
  readonly ahead: () => number
  readonly rooms: Rooms
  /** Tasks that were claimed here and have no slot. */
  readonly waiting: () => Iterable<Task>
  /** Puts tasks that could not start back to wait for a second, uncounted. */
  readonly park: (tasks: readonly Task[]) => Promise<void>
  /** False while this worker may claim nothing. */
  readonly mayClaim: () => boolean
  readonly claim: (offers: readonly Offer[]) => Promise<readonly Claim[]>
  /** Starts a claimed task, which has one place of its lane already. */
  readonly start: (claimed: ClaimedTask) => void
  /** Keeps a suspect until this worker may run it. */
  readonly keepSuspect: (suspect: Offer & { readonly task: Task }) => void
  readonly publisher: Publisher
  readonly deadLetterTopic: string
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

interface ReadTask {
  readonly kind: 'task'
  readonly record: IncomingRecord
  readonly task: Task
  readonly offer: Offer
}

interface Unwanted {
  readonly record: IncomingRecord
  readonly fault: FaultCode
}

type Read = ReadTask | (Unwanted & { readonly kind: 'unreadable' })

/**
 * Decides about records of a lane: as many as there is room for are claimed or, where their queue has none, parked, and each is
 * then done, whatever the database said of it. Nothing is worked on here. Tells how many of the records are decided.
 */
export async function decideAbout(deps: ConsumeDeps, lane: Lane, records: readonly IncomingRecord[]): Promise<number> {
  if (!deps.mayClaim()) return 0
  const taken = deps.places.take(lane, records.length, { ahead: deps.ahead(), nowMs: deps.clock.elapsedMs() })
  if (taken === 0) return 0
  let started = 0
  const read = records.slice(0, taken).map(readRecord)
  const { tasks, parked } = withRoom(
    deps,
    read.filter((each) => each.kind === 'task'),
  )
  try {
    const [claims] = await Promise.all([
      tasks.length === 0 ? [] : deps.claim(tasks.map(({ offer }) => offer)),
      parked.length === 0 ? undefined : deps.park(parked),
    ])
    const unwanted: Unwanted[] = read.filter((each) => each.kind === 'unreadable')
    for (const [at, readTask] of tasks.entries()) {
      deps.rooms.leave(readTask.task)
      const fault = obey(deps, lane, claims[at], readTask)
      if (fault !== undefined) unwanted.push({ record: readTask.record, fault })
      if (claims[at]?.kind === 'claimed') started += 1
    }
    if (started > 0) deps.telemetry.record('magictask_tasks_claimed_total', started, { lane })
    await Promise.all(unwanted.map((each) => putAside(deps, each)))
    return taken
  } finally {
    for (const { task } of tasks) deps.rooms.leave(task) // where the claim failed
    deps.places.giveBack(lane, taken - started)
  }
}

/** Of a queue without room, no newcomer is let in while so many tenants and lanes wait here. */
const MOST_BESIDE = 8

/**
 * Parts tasks that are likely to start soon from those whose queue has no room: they would hold up the rest of their
 * partition here, and may start elsewhere or later. The first task of a tenant, or of a lane, of which nothing waits here
 * is let in all the same: it starts before what others have waiting, and they make room for it.
 */
function withRoom(
  { rooms, waiting }: ConsumeDeps,
  read: readonly ReadTask[],
): { readonly tasks: readonly ReadTask[]; readonly parked: readonly Task[] } {
  const tasks: ReadTask[] = []
  const parked: Task[] = []
  let isNew: ((task: Task) => boolean) | undefined
  for (const each of read) {
    const { task } = each
    const room = rooms.left(task)
    if (room < 1) isNew ??= newcomers([...waiting(), ...rooms.letIn])
    const isFirst = isNew?.(task) === true
    if (room < 1 && !isFirst) {
      parked.push(task)
      continue
    }
    rooms.enter(task)
    tasks.push(each)
  }
  return { tasks, parked }
}

/** Says of a task, once, whether it is the first of its tenant and lane that waits for its queue here. */
function newcomers(waiting: readonly Task[]): (task: Task) => boolean {
  const sharesOf = new Map<string, Set<string>>()
  const isNew = ({ tier, lane, tenant }: Task) => {
    const shares = sharesOf.get(tier) ?? new Set<string>()
    sharesOf.set(tier, shares)
    const share = `${lane} ${tenant}`
    if (shares.has(share)) return false
    const mayEnter = shares.size < MOST_BESIDE
    if (mayEnter) shares.add(share)
    return mayEnter
  }
  for (const task of waiting) isNew(task)
  return isNew
}

/** Does what the database said of a record; gives the fault of one that was never submitted like this. */
function obey(
  deps: ConsumeDeps,
  lane: Lane,
  claim: Claim | undefined,
  { task, offer }: ReadTask,
): FaultCode | undefined {
  switch (claim?.kind) {
    case 'claimed':
      // A copy may stand in another lane's topic; the place is given back in the task's own.
      deps.places.giveBack(lane, 1)
      deps.places.add(task.lane, 1)
      deps.start({ claim, task })
      return undefined
    case 'suspect':
      deps.keepSuspect({ ...offer, task })
      return undefined
    case 'unknown':
      return 'record.unknown_task'
    case 'differs':
      return 'record.differs'
    default:
      return undefined
  }
}

function readRecord(record: IncomingRecord): Read {
  const { value } = record
  try {
    if (value !== null && value.length > LIMITS.taskRecordBytes) throw new Fault('record.too_large')
    const task = decode(taskV1, value)
    return { kind: 'task', record, task, offer: { taskId: task.task_id, payloadHash: payloadHash(value ?? '') } }
  } catch (error) {
    return { kind: 'unreadable', record, fault: Fault.from(error, 'record.malformed').code }
  }
}

async function putAside(deps: ConsumeDeps, { record, fault }: Unwanted): Promise<void> {
  await deadLetter(deps.publisher, { topic: deps.deadLetterTopic, record, reason: fault, now: deps.clock.now() })
  deps.telemetry.record('magictask_dead_letters_total', 1, { reason: fault })
  const { topic, partition, offset } = record
  deps.log.warn('a record went to the dead letters', { topic, partition, offset, fault })
}

/** Claims the next kept suspect, if there is one and it may run now. */
export function claimSuspect(deps: ConsumeDeps, suspects: Pick<Suspects, 'next'>): void {
  const suspect = suspects.next()
  if (suspect === undefined) return
  const { lane } = suspect.task
  deps.places.add(lane, 1)
  deps
    .claim([suspect])
    .then(([claim]) => {
      if (claim?.kind === 'claimed') return deps.start({ claim, task: suspect.task })
      deps.places.giveBack(lane, 1)
    })
    .catch(() => deps.places.giveBack(lane, 1)) // its mark runs out, and it is released again
}
