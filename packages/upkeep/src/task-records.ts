import { taskV1 } from '@magictask/contracts'
import type { Lane, TaskId } from '@magictask/domain'
import { cloudEventHeaders, type OutgoingRecord, type TopicNames } from '@magictask/kafka'

/** A task on its way to Kafka. */
export interface ReleasedTask {
  readonly taskId: TaskId
  readonly lane: Lane
  readonly record: string
}

/** The record that carries a task to a worker: its value is what was submitted, byte for byte. */
export function toTaskRecord(topics: TopicNames, task: ReleasedTask, now: Date): OutgoingRecord {
  return {
    topic: topics.lanes[task.lane],
    key: task.taskId,
    value: task.record,
    headers: cloudEventHeaders({ type: taskV1.type, id: task.taskId, source: SOURCE, time: now }),
    // In turns: one that was put there before and found no room comes to another partition, which may do better.
    partition: 'spread',
  }
}

const SOURCE = '/magictask'
