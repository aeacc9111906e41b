import type { Message, PartitionerArgs, TopicMessages } from 'kafkajs'
import { type OutgoingRecord, PublishError, type Publisher } from './broker.ts'
import { connect, type KafkaCluster } from './connect.ts'
import { partitionOfKey } from './partition-of-key.ts'
import { createSpread, type Spread } from './spread.ts'
import { endsWithin, inTime } from './time-limit.ts'

/**
 * Opens a publisher without waiting for the broker. While that is away, what is published fails after some seconds;
 * as soon as it is back, the next goes through.
 */
export function openKafkaPublisher(cluster: KafkaCluster): Publisher {
  const { clock } = cluster
  const producer = openProducer(cluster)
  const waiting: Entry[] = []
  let flushing: Promise<void> | undefined
  let closed = false

  // One flush at a time: records of one key keep their order, also when one of them is tried again.
  async function flushAll(): Promise<void> {
    while (waiting.length > 0) {
      await clock.sleep(LINGER_MS)
      await flush(waiting.splice(0), producer.send)
    }
    flushing = undefined
  }

  return {
    async publish(records) {
      if (records.length === 0) return
      if (closed) throw new PublishError(records, new Error('The publisher is closed'))
      const acknowledged = records.map((record) => new Promise<Outcome>((settle) => waiting.push({ record, settle })))
      flushing ??= flushAll()
      const broken = (await Promise.all(acknowledged)).filter((outcome) => outcome !== 'acknowledged')
      if (broken[0] !== undefined) {
        throw new PublishError(
          broken.map(({ record }) => record),
          broken[0].cause,
        )
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await flushing
      await producer.close()
    },
  }
}

const LINGER_MS = 2
/** A topic takes batches of a partition up to 1 MiB unless it is told otherwise; what is larger than this goes alone. */
const CHUNK_BYTES = 900_000
/** What a record costs besides its key, value and headers, rounded up. */
const RECORD_BYTES = 64

type Outcome = 'acknowledged' | { readonly record: OutgoingRecord; readonly cause: unknown }

interface Entry {
  readonly record: OutgoingRecord
  readonly settle: (outcome: Outcome) => void
}

type Send = (records: readonly OutgoingRecord[]) => Promise<void>

/** Sends what has gathered. Once the broker does not answer, the rest of it fails with the same cause, without its own wait. */
async function flush(entries: readonly Entry[], send: Send): Promise<void> {
  let away: { readonly cause: unknown } | undefined
  for (const chunk of chunks(entries)) {
    if (away === undefined) away = await sendApart(chunk, send)
    else fail(chunk, away.cause)
  }
}

/** Sends a chunk, in smaller parts if it is refused for the sake of some of its records. Gives the cause if that was not it. */
async function sendApart(entries: readonly Entry[], send: Send): Promise<{ readonly cause: unknown } | undefined> {
  try {
    await send(entries.map(({ record }) => record))
    for (const { settle } of entries) settle('acknowledged')
    return undefined
  } catch (cause) {
    const parts = partsToBlame(entries, cause)
    if (parts === 'none') {
      fail(entries, cause)
      return { cause }
    }
    if (parts.length < 2) fail(entries, cause)
    else for (const part of parts) await sendApart(part, send)
    return undefined
  }
}

function fail(entries: readonly Entry[], cause: unknown): void {
  for (const { record, settle } of entries) settle({ record, cause })
}

const REFUSED_RECORD = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'CORRUPT_MESSAGE'])
const REFUSED_TOPIC = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION', 'TOPIC_AUTHORIZATION_FAILED'])

/** A bad record is sought by halves; a bad topic takes its own records with it and no others. */
function partsToBlame(entries: readonly Entry[], cause: unknown): readonly (readonly Entry[])[] | 'none' {
  const type = refusal(cause)
  if (REFUSED_TOPIC.has(type)) return [...Map.groupBy(entries, ({ record }) => record.topic).values()]
  if (!REFUSED_RECORD.has(type)) return 'none'
  const middle = Math.ceil(entries.length / 2)
  return [entries.slice(0, middle), entries.slice(middle)].filter((half) => half.length > 0)
}

/** The broker's word for what is wrong, which kafkajs keeps as the type of the error or of one of its causes. */
function refusal(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('type' in error && typeof error.type === 'string') return error.type
  return refusal(error.cause)
}

function* chunks(entries: readonly Entry[]): Generator<readonly Entry[]> {
  let chunk: Entry[] = []
  let bytes = 0
  for (const entry of entries) {
    const size = sizeOf(entry.record)
    if (chunk.length > 0 && bytes + size > CHUNK_BYTES) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(entry)
    bytes += size
  }
  if (chunk.length > 0) yield chunk
}

function sizeOf({ key, value, headers = {} }: OutgoingRecord): number {
  const inHeaders = Object.entries(headers).map(([name, text]) => name.length + Buffer.byteLength(text) + 4)
  const bytes = [key ?? '', value ?? ''].map((part) => Buffer.byteLength(part))
  return [...bytes, ...inHeaders].reduce((sum, size) => sum + size, RECORD_BYTES)
}

const REQUEST_TIMEOUT_MS = 10_000
const RETRIES = 5
/** A broker that takes requests and answers none would be asked again and again, each time for as long as a request may take. */
const SEND_LIMIT_MS = 12_000
const CLOSE_MS = 3_000

/** kafkajs' producer, connected at the first need. Its idempotence is experimental; ours is that tasks are claimed by id. */
function openProducer(cluster: KafkaCluster) {
  const connection = connect(cluster, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES })
  const spread = createSpread()
  const turns: Turns = new WeakMap()
  const producer = connection.kafka.producer({
    idempotent: false,
    allowAutoTopicCreation: false,
    createPartitioner: () => partitioner(turns),
  })
  producer.on(producer.events.REQUEST, ({ payload }) => {
    if (payload.apiName === 'Produce') cluster.telemetry?.record('magictask_produce_requests_total', 1, {})
  })
  let connecting: Promise<void> | undefined

  function connected(): Promise<void> {
    connecting ??= producer.connect().catch((error: unknown) => {
      connecting = undefined
      throw error
    })
    return connecting
  }

  connected().catch(() => undefined) // a head start; who needs it sees the failure
  return {
    async send(records: readonly OutgoingRecord[]): Promise<void> {
      const topicMessages = [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, ofTopic]) =>
        messagesOf(topic, { records: ofTopic, spread, turns }),
      )
      const sent = connected().then(() =>
        producer.sendBatch({ acks: ALL_IN_SYNC, timeout: REQUEST_TIMEOUT_MS, topicMessages }),
      )
      await inTime(cluster.clock, SEND_LIMIT_MS, sent)
    },
    async close(): Promise<void> {
      await endsWithin(cluster.clock, CLOSE_MS, producer.disconnect())
      connection.cut()
    },
  }
}

/** Where messages go whose key does not decide; the client asks for it message by message. */
type Turns = WeakMap<Message, number>

function messagesOf(
  topic: string,
  {
    records,
    spread,
    turns,
  }: { readonly records: readonly OutgoingRecord[]; readonly spread: Spread; readonly turns: Turns },
): TopicMessages {
  const turnOf = spread(topic, records)
  const messages = records.map(({ key, value, headers }, at) => {
    const message: Message = { key, value, headers: { ...headers } }
    const turn = turnOf[at]
    if (turn !== undefined) turns.set(message, turn)
    return message
  })
  return { topic, messages }
}

const ALL_IN_SYNC = -1

/** A key has one partition; where it does not decide, any will do that has a leader. */
function partitioner(turns: Turns) {
  return ({ message, partitionMetadata }: PartitionerArgs): number => {
    const { key } = message
    const turn = turns.get(message) ?? 0
    if (!turns.has(message) && (typeof key === 'string' || Buffer.isBuffer(key)))
      return partitionOfKey(key, partitionMetadata.length)
    const led = partitionMetadata.filter(({ leader }) => leader >= 0)
    return (led[turn % led.length] ?? partitionMetadata[0])?.partitionId ?? 0
  }
}
