import { LIMITS } from '@magictask/contracts'
import type { FileItem } from './task-file.ts'

/** What one request submits of a file. */
export interface FileBatch {
  /** The position of its first task in the file. */
  readonly first: number
  readonly tasks: number
  readonly body: string
}

/** Small enough that a result is not long in coming, large enough that a request costs nothing beside its tasks. */
export const TASKS_PER_BATCH = 1_000

/** Cuts the tasks of a file into bodies of at most so many and less than 10 MiB. The same file is always cut in the same way. */
export async function* batchesOf(items: AsyncIterable<FileItem>, mostTasks: number): AsyncGenerator<FileBatch> {
  let texts: string[] = []
  let bytes = 2
  let first = 0
  const batch = (): FileBatch => ({ first, tasks: texts.length, body: `[${texts.join(',')}]` })
  for await (const { index, text } of items) {
    const more = Buffer.byteLength(text) + 1
    if (texts.length === mostTasks || (texts.length > 0 && bytes + more > LIMITS.bodyBytes)) {
      yield batch()
      texts = []
      bytes = 2
      first = index
    }
    texts.push(text)
    bytes += more
  }
  if (texts.length > 0) yield batch()
}
