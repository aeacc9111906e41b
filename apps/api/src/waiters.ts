import { type Clock, type Loop, startLoop } from '@magictask/runtime'
import { type BatchView, endedAmong, type Queries, type TaskView } from '@magictask/store'

/** What somebody waits for. */
export type Awaited =
  | { readonly task: Pick<TaskView, 'taskId'> }
  | { readonly batch: Pick<BatchView, 'batchId' | 'firstTaskId' | 'lastTaskId'> }

/** Everybody who waits for an end, in this process. Disposing it lets all of them go. */
export interface Waiters extends AsyncDisposable {
  /** Resolves once it has ended, the time is over, `gone` aborts, or the process stops. */
  untilEnded(what: Awaited, options: { readonly waitMs: number; readonly gone: AbortSignal }): Promise<void>
  /** A task has ended, says the result topic: whoever waits for it, or for its batch, is looked at next. */
  taskEnded(taskId: string): void
  readonly loop: Loop
}

interface WaitersDeps {
  readonly db: Queries
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

interface Waiter {
  readonly what: Awaited
  readonly letGo: () => void
}

/** All are re-read once a second, so a lost record only delays. */
const REREAD_MS = 1_000

/** Those that were woken are re-read together, at most twenty times a second. */
const COALESCE_MS = 50

/** Begins with nobody waiting. Nothing is read from the database until somebody does. */
export function startWaiters(deps: WaitersDeps): Waiters {
  const { clock } = deps
  const open = new Set<Waiter>()
  const woken = new Set<Waiter>()
  let stopped = false
  let readAtMs = Number.NEGATIVE_INFINITY
  let allReadAtMs = Number.NEGATIVE_INFINITY

  async function turn(stop: AbortSignal): Promise<number> {
    await clock.sleep(Math.max(0, COALESCE_MS - (clock.elapsedMs() - readAtMs)), stop)
    readAtMs = clock.elapsedMs()
    const all = readAtMs - allReadAtMs >= REREAD_MS
    await reread(deps.db, [...(all ? open : woken)], woken)
    if (all) allReadAtMs = readAtMs
    return Math.max(0, allReadAtMs + REREAD_MS - clock.elapsedMs())
  }

  const loop = startLoop({ name: 'waiters', clock, pauseMs: REREAD_MS, turn, onError: deps.onError })

  function wake(waiter: Waiter): void {
    woken.add(waiter)
    loop.wake()
  }

  return {
    loop,
    async untilEnded(what, { waitMs, gone }) {
      if (stopped) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const waiter: Waiter = { what, letGo: resolve }
      const over = new AbortController()
      gone.addEventListener('abort', () => resolve(), { once: true, signal: over.signal })
      open.add(waiter)
      wake(waiter) // what ended just before is seen now, not in a second
      try {
        await Promise.race([promise, clock.sleep(waitMs, over.signal)])
      } finally {
        over.abort()
        open.delete(waiter)
        woken.delete(waiter)
      }
    },
    taskEnded(taskId) {
      for (const waiter of open) if (isFor(waiter.what, taskId)) wake(waiter)
    },
    async [Symbol.asyncDispose]() {
      stopped = true
      for (const waiter of open) waiter.letGo()
      await loop[Symbol.asyncDispose]()
    },
  }
}

/** One statement for all of them. Who is woken while it runs stays so: what it reads may be older than the end. */
async function reread(db: Queries, waiters: readonly Waiter[], woken: Set<Waiter>): Promise<void> {
  if (waiters.length === 0) return
  for (const waiter of waiters) woken.delete(waiter)
  const ended = await endedAmong(db, {
    taskIds: waiters.flatMap(({ what }) => ('task' in what ? [what.task.taskId] : [])),
    batchIds: waiters.flatMap(({ what }) => ('batch' in what ? [what.batch.batchId] : [])),
  })
  for (const { what, letGo } of waiters) {
    if ('task' in what ? ended.taskIds.has(what.task.taskId) : ended.batchIds.has(what.batch.batchId)) letGo()
  }
}

/** A batch's tasks lie between its first and last id; another batch's may too, which costs a look. */
function isFor(what: Awaited, taskId: string): boolean {
  if ('task' in what) return what.task.taskId === taskId
  return what.batch.firstTaskId <= taskId && taskId <= what.batch.lastTaskId
}
