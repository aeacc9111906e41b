import { LANES, type Lane } from '@magictask/domain'
import { z } from 'zod'
import { cloudEventV1 } from './kafka/cloud-event.v1.ts'
import { deadLetterHeadersV1 } from './kafka/dead-letter.v1.ts'
import { resultV1 } from './kafka/result.v1.ts'
import { taskV1, workerGroup } from './kafka/task.v1.ts'
import type { Json } from './schema-book.ts'
import { EXAMPLE_RECORDS } from './seed-example.ts'

interface AsyncapiOptions {
  readonly version: string
  /** The topics of this installation. */
  readonly topics: {
    readonly lanes: Readonly<Record<Lane, string>>
    readonly results: string
    readonly deadLetters: string
  }
}

/** The AsyncAPI 3 document of what goes over Kafka, derived from the contracts of the records. It sends what it writes. */
export function asyncapi({ version, topics }: AsyncapiOptions): Json {
  const lanes = LANES.map((lane) => ({ lane, channel: channelOf(lane), topic: topics.lanes[lane] }))
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Magictask',
      version,
      description: 'What goes over Kafka. Records are wishes and news; the database decides what a task is.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: {
      ...Object.fromEntries(lanes.map(({ lane, channel, topic }) => [channel, taskChannel(lane, topic)])),
      results: channel(topics.results, 'result', 'How tasks ended, once each at least, always the same bytes.'),
      deadLetters: channel(topics.deadLetters, 'deadLetter', 'Records that ran nothing, as they came, and why.'),
    },
    operations: {
      ...Object.assign(
        {},
        ...lanes.map(({ lane, channel }) => laneOperations(workerGroup({ lanes: topics.lanes }, lane), lane, channel)),
      ),
      publishResults: operation('send', 'results', 'result', 'A worker tells how a task ended.'),
      wakeWaiting: {
        ...operation('receive', 'results', 'result', 'Every api hears all results, to wake who waits for one.'),
        bindings: group({ type: 'string', pattern: '^api-results-[0-9a-f-]{36}$' }),
      },
      setAside: operation(
        'send',
        'deadLetters',
        'deadLetter',
        'A worker sets aside what is no task that was submitted.',
      ),
    },
    components: { messages: messages() },
  }
}

const KAFKA_BINDING = '0.5.0'

/** `tasks` for the lane `normal`, as its topic is the base of the others. */
function channelOf(lane: Lane): string {
  return lane === 'normal' ? 'tasks' : `tasks${named(lane)}`
}

function named(lane: Lane): string {
  return lane.slice(0, 1).toUpperCase() + lane.slice(1)
}

function taskChannel(lane: Lane, topic: string) {
  return channel(topic, 'task', `The tasks of the lane ${lane}, once each at least, always the same bytes.`)
}

function channel(topic: string, message: string, description: string) {
  return {
    address: topic,
    description,
    messages: { [message]: { $ref: `#/components/messages/${message}` } },
    bindings: { kafka: { topic, bindingVersion: KAFKA_BINDING } },
  }
}

function laneOperations(groupId: string, lane: Lane, channel: string) {
  return {
    [`release${named(lane)}`]: operation('send', channel, 'task', 'Tasks are released as fast as workers settle them.'),
    [`claim${named(lane)}`]: {
      ...operation('receive', channel, 'task', 'A worker claims the task in the database before it runs it.'),
      bindings: group({ type: 'string', const: groupId }),
    },
  }
}

function operation(action: 'send' | 'receive', channel: string, message: string, summary: string) {
  return {
    action,
    channel: { $ref: `#/channels/${channel}` },
    messages: [{ $ref: `#/channels/${channel}/messages/${message}` }],
    summary,
  }
}

function group(groupId: Json) {
  return { kafka: { groupId, bindingVersion: KAFKA_BINDING } }
}

function messages() {
  const key = {
    kafka: { key: { type: 'string', format: 'uuid', description: 'task_id' }, bindingVersion: KAFKA_BINDING },
  }
  return {
    task: {
      ...described('The whole task. Who reads it tolerates repeats.', EXAMPLE_RECORDS.task),
      headers: schemaOf(cloudEventV1(taskV1.type)),
      payload: schemaOf(taskV1.schema),
      bindings: key,
    },
    result: {
      ...described('How a task ended.', EXAMPLE_RECORDS.result),
      headers: schemaOf(cloudEventV1(resultV1.type)),
      payload: schemaOf(resultV1.schema),
      bindings: key,
    },
    deadLetter: {
      ...described(
        'Key and value as they came, byte for byte; the headers too, and these.',
        EXAMPLE_RECORDS.deadLetter,
      ),
      contentType: 'application/octet-stream',
      headers: schemaOf(deadLetterHeadersV1),
      payload: {},
    },
  }
}

function described(summary: string, example: { readonly headers: Json; readonly payload: Json }) {
  return { summary, examples: [example] }
}

/** As it stands in the record, in the draft that AsyncAPI speaks. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, ...drawn } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' })
  return z.json().parse(drawn)
}
