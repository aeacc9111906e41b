import { Fault } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import type { CallTimeouts } from './config/models-config.ts'

/** Watches a call that was sent. */
export interface CallWatch extends Disposable {
  /** Aborts with the caller's reason, or with a fault once the call has taken too long. */
  readonly signal: AbortSignal
}

/** Watches a call whose answer comes as a whole. */
export interface BodyWatch extends CallWatch {
  /** The answer goes on in another piece: from the first time on, the rest of it has its time, for one that trickles is never silent. */
  goesOn(): void
}

/** Watches a call whose answer is a stream, which has to keep talking. */
export interface StreamWatch extends CallWatch {
  /** Something of worth has come: the time for the next piece begins. Bytes alone are nothing, or a byte a second would do. */
  heard(): void
}

/** Watches until it is disposed. Most answers come in one piece, and cost no timer. */
export function watchBody({ bodyMs }: CallTimeouts, clock: Clock, caller: AbortSignal): BodyWatch {
  const watch = watchCall(clock, caller)
  let isTimed = false
  return Object.assign(watch, {
    goesOn() {
      if (isTimed) return
      isTimed = true
      const dueMs = clock.elapsedMs() + bodyMs
      watch.stopAt(() => dueMs)
    },
  })
}

/** Watches from now until it is disposed: the first piece has its time, and so has each after the one before. */
export function watchStream(timeouts: CallTimeouts, clock: Clock, caller: AbortSignal): StreamWatch {
  const watch = watchCall(clock, caller)
  let dueMs = clock.elapsedMs() + timeouts.firstTokenMs
  watch.stopAt(() => dueMs)
  return Object.assign(watch, {
    heard() {
      dueMs = clock.elapsedMs() + timeouts.betweenTokensMs
    },
  })
}

/** Watches from now until it is disposed: all of the call has so long. */
export function watchWhole(callMs: number, clock: Clock, caller: AbortSignal): CallWatch {
  const watch = watchCall(clock, caller)
  const dueMs = clock.elapsedMs() + callMs
  watch.stopAt(() => dueMs)
  return watch
}

const SILENT = 'The provider stopped in the middle of its answer.'

function watchCall(clock: Clock, caller: AbortSignal) {
  const stopping = new AbortController()
  let over: AbortController | undefined
  // Not `AbortSignal.any`, which takes several times as long.
  const stop = () => stopping.abort(caller.reason)
  caller.addEventListener('abort', stop)
  if (caller.aborted) stop()
  return {
    signal: stopping.signal,
    /** Gives the call up when it is due, which may be put off meanwhile. */
    stopAt(dueMs: () => number): void {
      over = new AbortController()
      void stopWhenDue(dueMs, { clock, stopping, over: over.signal })
    },
    [Symbol.dispose]() {
      caller.removeEventListener('abort', stop)
      over?.abort('over')
    },
  }
}

interface Watching {
  readonly clock: Clock
  readonly stopping: AbortController
  readonly over: AbortSignal
}

async function stopWhenDue(dueMs: () => number, { clock, stopping, over }: Watching): Promise<void> {
  while (!over.aborted) {
    const leftMs = dueMs() - clock.elapsedMs()
    if (leftMs > 0) await clock.sleep(leftMs, over)
    else {
      stopping.abort(new Fault('provider.timeout', { detail: SILENT }))
      return
    }
  }
}
