import { getTaskSpec, taskText } from '@magictask/contracts'
import { isTerminal } from '@magictask/domain'
import type { Database } from '@magictask/store'
import { mustFindTask } from '../find-task.ts'
import { preferWait } from '../prefer-wait.ts'
import type { GuardedRoute } from '../route.ts'
import { sendState } from '../state-answer.ts'
import type { Waiters } from '../waiters.ts'

/** GET /tasks/{task_id} */
export function getTaskRoute(deps: { readonly db: Database; readonly waiters: Waiters }): GuardedRoute {
  return {
    spec: getTaskSpec,
    handle: async (call) => {
      const find = () => mustFindTask(deps.db, call.caller.tenant, call.request.params.task_id)
      let task = await find()
      if (!isTerminal(task.status) && (await preferWait(call, deps.waiters, { task }))) task = await find()
      sendState(call, { text: taskText(task, { results: true }), ended: isTerminal(task.status) })
    },
  }
}
