import type { TaskId, TaskStateKind, TenantId } from '@magictask/domain'
import type { BatchView } from '../batches/get-batch.ts'
import type { Queries } from '../database.ts'
import { readTasks, SELECT_TASKS, type TaskView } from './get-task.ts'

/** Which tasks of a tenant to list; what is left out does not filter. */
export interface TaskFilter {
  readonly tenant: TenantId
  readonly batch?: Pick<BatchView, 'batchId' | 'firstTaskId' | 'lastTaskId'>
  readonly status?: TaskStateKind
  readonly magicType?: string
  readonly campaignSn?: string
  /** Only tasks after this one. */
  readonly after?: TaskId
  readonly limit: number
  readonly withResults: boolean
}

/** Tasks in the order of submission, a page at a time by key: nothing is counted, and no snapshot stays open between pages. */
export async function listTasks(db: Queries, filter: TaskFilter): Promise<readonly TaskView[]> {
  const values: unknown[] = [filter.withResults, filter.tenant]
  const conditions = ['t.tenant = $2']
  const demand = (condition: (place: string) => string, value: unknown) => {
    if (value === undefined) return
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  demand((place) => `t.batch_id = ${place}`, filter.batch?.batchId)
  demand((place) => `t.id >= ${place}`, filter.batch?.firstTaskId)
  demand((place) => `t.id <= ${place}`, filter.batch?.lastTaskId)
  demand((place) => `t.state = ${place}`, filter.status)
  demand((place) => `t.magic_type = ${place}`, filter.magicType)
  demand((place) => `t.campaign_sn = ${place}`, filter.campaignSn)
  demand((place) => `t.id > ${place}`, filter.after)
  values.push(filter.limit)
  return readTasks(
    db,
    `${SELECT_TASKS} where ${conditions.join(' and ')} order by t.id limit $${values.length}`,
    values,
  )
}
