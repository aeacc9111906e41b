import { BatchId, CallId, TaskId, WorkerId } from '@magictask/domain'
import { v4, v7 } from 'uuid'

/** Ids made one after another in one process sort in that order, also within a millisecond (RFC 9562, 6.2). */
export const newTaskId = (): TaskId => TaskId.parse(v7())
export const newBatchId = (): BatchId => BatchId.parse(v7())
export const newCallId = (): CallId => CallId.parse(v7())
export const newWorkerId = (): WorkerId => WorkerId.parse(v4())
