import { readTaskId } from '@magictask/contracts'
import { Fault, type TenantId } from '@magictask/domain'
import { type Database, getTask, type TaskView } from '@magictask/store'

/** The tenant's task of this id. Throws `task.not_found`, for another tenant's and for what is no id too. */
export async function mustFindTask(db: Database, tenant: TenantId, id: unknown): Promise<TaskView> {
  const task = await getTask(db, tenant, readTaskId(id))
  if (task === undefined) throw new Fault('task.not_found')
  return task
}
