import { batchResultsSpec, NDJSON, PageQuery, pageText, readQuery, taskText } from '@magictask/contracts'
import type { Database, TaskView } from '@magictask/store'
import { mustFindBatch } from '../find-batch.ts'
import type { GuardedRoute } from '../route.ts'
import { eachTask, linkToNext, readPage, sendStream } from '../task-pages.ts'

/** GET /batches/{batch_id}/results: a page, or all of it as NDJSON. */
export function batchResultsRoute(deps: { readonly db: Database }): GuardedRoute {
  return {
    spec: batchResultsSpec,
    handle: async (call) => {
      const { request, response, caller } = call
      const query = readQuery(PageQuery, request.query)
      const batch = await mustFindBatch(deps.db, caller.tenant, request.params.batch_id)
      const filter = { tenant: caller.tenant, batch, withResults: true }
      response.vary('Accept')
      if (request.accepts('json', NDJSON) === NDJSON) {
        await sendStream(response, NDJSON, lines(eachTask(deps.db, filter)))
        return
      }
      const { tasks, nextCursor } = await readPage(deps.db, filter, query)
      linkToNext(call, nextCursor)
      response.type('json').send(pageText(tasks.map(text), nextCursor))
    },
  }
}

async function* lines(tasks: AsyncIterable<TaskView>): AsyncGenerator<string> {
  for await (const task of tasks) yield `${text(task)}\n`
}

function text(task: TaskView): string {
  return taskText(task, { results: true })
}
