import { BatchId, Fault, TaskId } from '@magictask/domain'

/** A task's id as it stands in a path or query: `task_` before it is accepted. What is no id is a task that does not exist. */
export function readTaskId(text: unknown): TaskId {
  const id = TaskId.safeParse(typeof text === 'string' ? text.replace(/^task_/, '').toLowerCase() : text)
  if (id.success) return id.data
  throw new Fault('task.not_found')
}

/** A batch's id as it stands in a path or query. What is no id is a batch that does not exist. */
export function readBatchId(text: unknown): BatchId {
  const id = BatchId.safeParse(typeof text === 'string' ? text.toLowerCase() : text)
  if (id.success) return id.data
  throw new Fault('batch.not_found')
}
