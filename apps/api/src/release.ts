import type { TaskId } from '@magictask/domain'
import type { Publisher, TopicNames } from '@magictask/kafka'
import type { Clock, Log, Telemetry } from '@magictask/runtime'
import type { NewTask } from '@magictask/store'
import { toTaskRecord } from '@magictask/upkeep'

interface ReleaseDeps {
  readonly publisher: Publisher
  readonly topics: TopicNames
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

/**
 * Puts on Kafka those of new tasks that the store has marked as released. Nobody waits for it: a mark whose record
 * never arrives runs out within seconds, and the relay releases the task again.
 */
export function releaseBeside(deps: ReleaseDeps, tasks: readonly NewTask[], released: ReadonlySet<TaskId>): void {
  const now = deps.clock.now()
  const due = tasks.filter((task) => released.has(task.taskId))
  if (due.length === 0) return
  const records = due.map((task) => toTaskRecord(deps.topics, task, now))
  deps.publisher.publish(records).then(
    () => {
      for (const { lane } of due) deps.telemetry.record('magictask_tasks_released_total', 1, { lane })
    },
    (error: unknown) => deps.log.warn('new tasks could not be released; the relay does', { tasks: due.length }, error),
  )
}
