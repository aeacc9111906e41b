import type { Clock } from '@magictask/runtime'
import type { EachBatchPayload, KafkaMessage } from 'kafkajs'
import type { ConsumerOptions, Headers, IncomingRecord } from './broker.ts'

/** The switches of the client that fetches. */
export interface Fetching {
  pause(partitions: readonly number[]): void
  resume(partition: number): void
  resumeAll(): void
}

interface PartitionTurnsDeps {
  readonly decide: ConsumerOptions['decide']
  readonly clock: Clock
  readonly fetching: Fetching
  /** How often the group wants to hear from us while a decision takes its time. */
  readonly heartbeatMs: number
}

/** What one member of a group has in hand: which partitions are its own, how far they are decided, which are paused. */
export interface PartitionTurns {
  /** One turn of one partition: as many records as there is room for are decided, then the next is fetched or all of them pause. */
  take(payload: EachBatchPayload): Promise<void>
  /** There is room again. */
  resume(): void
  /** The group has shared out its partitions anew: what was decided and not committed comes again. */
  assigned(partitions: readonly number[]): void
  /** The next offset of each partition that was decided and not yet reported as committed. */
  uncommitted(): ReadonlyMap<number, string>
  committed(offsets: ReadonlyMap<number, string>): void
  /** Takes no more records; resolves once the decisions in hand are made. */
  close(): Promise<void>
}

export function createPartitionTurns(deps: PartitionTurnsDeps): PartitionTurns {
  const decided = new Map<number, string>()
  const paused = new Set<number>()
  const decisions = createDecisions(deps)
  let own: readonly number[] = []
  let closed = false
  let assignments = 0
  let resumes = 0

  function pause(partitions: readonly number[]): void {
    for (const partition of partitions) paused.add(partition)
    deps.fetching.pause(partitions)
  }

  /** Whatever made the decision fail, the same records come again after a while. */
  function rest(partition: number): void {
    pause([partition])
    void deps.clock.sleep(RETRY_MS).then(() => {
      if (paused.delete(partition)) deps.fetching.resume(partition)
    })
  }

  function resume(): void {
    resumes += 1
    if (paused.size === 0) return
    paused.clear()
    deps.fetching.resumeAll()
  }

  return {
    async take({ batch, resolveOffset, heartbeat }) {
      if (closed) return
      const { partition } = batch
      const records = batch.messages.map((message) => incoming(batch.topic, partition, message))
      const before = { assignments, resumes }
      const count = await decisions.make(records, heartbeat)
      if (assignments !== before.assignments) return // it may be another's now, or be fetched from where it was committed
      const last = records[count - 1]
      if (last !== undefined) {
        resolveOffset(last.offset)
        decided.set(partition, String(BigInt(last.offset) + 1n))
      }
      if (count === NOTHING_DECIDED) rest(partition)
      // Where there is no room for one there is none for the others. A fetch of those that are empty would be under way, and room
      // that comes would have to wait for its end. Room that came while we decided was offered to nobody: whoever paused now would miss it.
      else if (count < records.length && resumes === before.resumes) pause([...own, partition])
    },
    resume,
    assigned(partitions) {
      assignments += 1
      own = partitions
      decided.clear()
      const kept = partitions.filter((partition) => paused.has(partition))
      paused.clear()
      // kafkajs keeps a pause for a partition that went away, and would still keep it when that came back.
      deps.fetching.resumeAll()
      if (kept.length > 0) pause(kept)
    },
    uncommitted: () => new Map(decided),
    committed(offsets) {
      for (const [partition, offset] of offsets) if (decided.get(partition) === offset) decided.delete(partition)
    },
    async close() {
      closed = true
      await decisions.made()
    },
  }
}

/** The decisions that are being made. */
function createDecisions(deps: Pick<PartitionTurnsDeps, 'decide' | 'clock' | 'heartbeatMs'>) {
  const inHand = new Set<Promise<unknown>>()
  return {
    async make(records: readonly IncomingRecord[], heartbeat: () => Promise<void>): Promise<number> {
      const deciding = deps.decide(records).catch(() => NOTHING_DECIDED)
      inHand.add(deciding)
      try {
        return Math.min(await whileBeating(deps, deciding, heartbeat), records.length)
      } finally {
        inHand.delete(deciding)
      }
    },
    made: () => Promise.allSettled(inHand),
  }
}

const NOTHING_DECIDED = -1
const RETRY_MS = 1_000

/** kafkajs sends heartbeats between batches only; a database that answers late must not cost us the group. */
async function whileBeating(
  deps: Pick<PartitionTurnsDeps, 'clock' | 'heartbeatMs'>,
  deciding: Promise<number>,
  heartbeat: () => Promise<void>,
): Promise<number> {
  const decided = new AbortController()
  void beatUntil(decided.signal)
  return deciding.finally(() => decided.abort('decided'))

  async function beatUntil(stop: AbortSignal): Promise<void> {
    await deps.clock.sleep(deps.heartbeatMs, stop)
    if (stop.aborted) return
    await heartbeat().catch(() => undefined) // a rebalance, which the next fetch meets too
    return beatUntil(stop)
  }
}

function incoming(topic: string, partition: number, message: KafkaMessage): IncomingRecord {
  const { offset, key, value } = message
  return { topic, partition, offset, key, value, headers: headersOf(message) }
}

/** A header may be null on the wire, whatever the types say: that is as good as none. */
function headersOf({ headers = {} }: KafkaMessage): Headers {
  const last = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.at(-1) : value])
  return Object.fromEntries(last.filter((entry): entry is [string, Buffer | string] => isBytes(entry[1])))
}

function isBytes(value: unknown): boolean {
  return typeof value === 'string' || Buffer.isBuffer(value)
}
