import { cancelTaskSpec, readTaskId, taskText } from '@magictask/contracts'
import { Fault } from '@magictask/domain'
import { cancelTask, type Database } from '@magictask/store'
import { mustFindTask } from '../find-task.ts'
import type { GuardedRoute } from '../route.ts'

/** DELETE /tasks/{task_id} */
export function cancelTaskRoute(deps: { readonly db: Database }): GuardedRoute {
  return {
    spec: cancelTaskSpec,
    handle: async ({ request, response, caller }) => {
      const taskId = readTaskId(request.params.task_id)
      const outcome = await cancelTask(deps.db, caller.tenant, taskId)
      if (outcome.kind === 'already-ended') {
        throw new Fault('task.already_ended', { facts: { task_status: outcome.status } })
      }
      response.type('json').send(taskText(await mustFindTask(deps.db, caller.tenant, taskId), { results: true }))
    },
  }
}
