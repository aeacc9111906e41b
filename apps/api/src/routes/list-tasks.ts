import { ListTasksQuery, listTasksSpec, pageText, readQuery, taskText } from '@magictask/contracts'
import type { TenantId } from '@magictask/domain'
import type { Database, TaskFilter } from '@magictask/store'
import type { z } from 'zod'
import { mustFindBatch } from '../find-batch.ts'
import type { GuardedRoute } from '../route.ts'
import { linkToNext, readPage } from '../task-pages.ts'

/** GET /tasks */
export function listTasksRoute(deps: { readonly db: Database }): GuardedRoute {
  return {
    spec: listTasksSpec,
    handle: async (call) => {
      const query = readQuery(ListTasksQuery, call.request.query)
      const { tasks, nextCursor } = await readPage(deps.db, await filterOf(deps.db, call.caller.tenant, query), query)
      linkToNext(call, nextCursor)
      const show = { results: query.include === 'results' }
      call.response.type('json').send(
        pageText(
          tasks.map((task) => taskText(task, show)),
          nextCursor,
        ),
      )
    },
  }
}

type Filter = Omit<TaskFilter, 'after' | 'limit'>

async function filterOf(db: Database, tenant: TenantId, query: z.infer<typeof ListTasksQuery>): Promise<Filter> {
  const { batch_id, status, magicType, campaignSn } = query
  return {
    tenant,
    withResults: query.include === 'results',
    ...(batch_id === undefined ? {} : { batch: await mustFindBatch(db, tenant, batch_id) }),
    ...(status === undefined ? {} : { status }),
    ...(magicType === undefined ? {} : { magicType }),
    ...(campaignSn === undefined ? {} : { campaignSn }),
  }
}
