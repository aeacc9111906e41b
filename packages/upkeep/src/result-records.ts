import { resultRecord, resultV1 } from '@magictask/contracts'
import { cloudEventHeaders, type OutgoingRecord, type TopicNames } from '@magictask/kafka'
import type { StoredResult } from '@magictask/store'

/** The record that tells of a task's end. Its value is made of stored texts alone: the same bytes whoever publishes it, and when. */
export function toResultRecord(topics: TopicNames, result: StoredResult, now: Date): OutgoingRecord {
  return {
    topic: topics.results,
    key: result.taskId,
    value: resultRecord(result),
    headers: cloudEventHeaders({ type: resultV1.type, id: `${result.taskId}.result`, source: SOURCE, time: now }),
    // Whoever reads results reads all partitions, and each that a request touches costs as much as many records.
    partition: 'together',
  }
}

const SOURCE = '/magictask'
