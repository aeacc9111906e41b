import { Fault } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import type { CallTimeouts } from './config/models-config.ts'

/** Watches a call that has to come to its end. */
export interface CallWatch extends Disposable {
  /** Aborts with the caller's reason, or with a fault once the call has taken too long. */
  readonly signal: AbortSignal
}

/** Watches a call whose answer is a stream, which has to keep talking too. */
export interface StreamWatch extends CallWatch {
  /** Something of worth has come: the time for the next piece begins. Bytes alone are nothing, or a byte a second would do. */
  heard(): void
}

/** Watches from now until it is disposed: all of the answer has its time, for a body that trickles never falls silent. */
export function watchCall({ callMs }: CallTimeouts, clock: Clock, caller: AbortSignal): CallWatch {
  const due = { atMs: clock.elapsedMs() + callMs, says: TOO_LONG }
  return watch(() => due, clock, caller)
}

/** The same; and the first piece has its time, and so has each after the one before. */
export function watchStream(timeouts: CallTimeouts, clock: Clock, caller: AbortSignal): StreamWatch {
  const startedMs = clock.elapsedMs()
  const whole = { atMs: startedMs + timeouts.callMs, says: TOO_LONG }
  let next = { atMs: startedMs + timeouts.firstTokenMs, says: SILENT }
  return Object.assign(
    watch(() => (next.atMs < whole.atMs ? next : whole), clock, caller),
    {
      heard() {
        next = { atMs: clock.elapsedMs() + timeouts.betweenTokensMs, says: SILENT }
      },
    },
  )
}

const TOO_LONG = 'The provider took too long for its answer as a whole.'
const SILENT = 'The provider stopped in the middle of its answer.'

/** When a call is over, and what is said of it then. */
interface Due {
  readonly atMs: number
  readonly says: string
}

function watch(due: () => Due, clock: Clock, caller: AbortSignal): CallWatch {
  const stopping = new AbortController()
  const over = new AbortController()
  // Not `AbortSignal.any`, which takes several times as long.
  const stop = () => stopping.abort(caller.reason)
  caller.addEventListener('abort', stop)
  if (caller.aborted) stop()
  void stopWhenDue(due, { clock, stopping, over: over.signal })
  return {
    signal: stopping.signal,
    [Symbol.dispose]() {
      caller.removeEventListener('abort', stop)
      over.abort()
    },
  }
}

interface Watching {
  readonly clock: Clock
  readonly stopping: AbortController
  readonly over: AbortSignal
}

async function stopWhenDue(due: () => Due, { clock, stopping, over }: Watching): Promise<void> {
  while (!over.aborted) {
    const { atMs, says } = due()
    const leftMs = atMs - clock.elapsedMs()
    if (leftMs > 0) await clock.sleep(leftMs, over)
    else {
      stopping.abort(new Fault('provider.timeout', { detail: says }))
      return
    }
  }
}
