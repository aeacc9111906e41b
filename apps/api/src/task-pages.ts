import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type PageQuery, readCursor, writeCursor } from '@magictask/contracts'
import { type Database, listTasks, type TaskFilter, type TaskView } from '@magictask/store'
import type { Response } from 'express'
import type { z } from 'zod'
import type { Exchange } from './route.ts'

type Filter = Omit<TaskFilter, 'after' | 'limit'>

/** Part of a list, and where the next part begins. */
export interface TaskPage {
  readonly tasks: readonly TaskView[]
  /** Left out on the last page. */
  readonly nextCursor?: string
}

/** One page of a list. One task more than asked for is read, to know whether another page follows. */
export async function readPage(db: Database, filter: Filter, page: z.infer<typeof PageQuery>): Promise<TaskPage> {
  const after = page.cursor === undefined ? {} : { after: readCursor(page.cursor) }
  const read = await listTasks(db, { ...filter, ...after, limit: page.limit + 1 })
  const tasks = read.slice(0, page.limit)
  const last = tasks.at(-1)
  return read.length > tasks.length && last !== undefined ? { tasks, nextCursor: writeCursor(last.taskId) } : { tasks }
}

/** Says in a `Link` where the next page is, if there is one. */
export function linkToNext({ request, response }: Exchange, nextCursor: string | undefined): void {
  if (nextCursor === undefined) return
  const url = new URL(request.originalUrl, 'http://localhost')
  url.searchParams.set('cursor', nextCursor)
  response.set('Link', `<${url.pathname}${url.search}>; rel="next"`)
}

const STREAM_PAGE = 200

/** All tasks of a list, page by page: only one page is in memory, and nothing is held open in between. */
export async function* eachTask(db: Database, filter: Filter): AsyncGenerator<TaskView> {
  let after: Pick<TaskFilter, 'after'> = {}
  for (;;) {
    const tasks = await listTasks(db, { ...filter, ...after, limit: STREAM_PAGE })
    yield* tasks
    const last = tasks.at(-1)
    if (last === undefined || tasks.length < STREAM_PAGE) return
    after = { after: last.taskId }
  }
}

/** Sends texts as fast as the caller takes them. A failure half way cuts the answer off, so that it is not taken for whole. */
export async function sendStream(response: Response, type: string, texts: AsyncIterable<string>): Promise<void> {
  response.type(type)
  await pipeline(Readable.from(texts, { highWaterMark: 16 }), response)
}
