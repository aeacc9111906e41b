import { Fault } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import type { StreamTimeouts } from './config/models-config.ts'

/** Watches a stream that has to keep talking. */
export interface SilenceWatch extends Disposable {
  /** Aborts with the caller's reason, or with a fault once the stream has been silent for too long. */
  readonly signal: AbortSignal
  /** Something of worth has come: the time begins anew. Bytes alone are nothing, or a byte a second would do. */
  heard(): void
}

/** Watches from now until it is disposed: the first piece has its time, and so has each after the one before. */
export function watchSilence(timeouts: StreamTimeouts, clock: Clock, caller: AbortSignal): SilenceWatch {
  const silent = new AbortController()
  const over = new AbortController()
  let untilMs = clock.elapsedMs() + timeouts.firstTokenMs
  void abortWhenPast(() => untilMs, { clock, silent, over: over.signal })
  return {
    signal: AbortSignal.any([caller, silent.signal]),
    heard() {
      untilMs = clock.elapsedMs() + timeouts.betweenTokensMs
    },
    [Symbol.dispose]: () => over.abort(),
  }
}

interface Watching {
  readonly clock: Clock
  readonly silent: AbortController
  readonly over: AbortSignal
}

async function abortWhenPast(untilMs: () => number, { clock, silent, over }: Watching): Promise<void> {
  while (!over.aborted) {
    const leftMs = untilMs() - clock.elapsedMs()
    if (leftMs > 0) await clock.sleep(leftMs, over)
    else {
      silent.abort(new Fault('provider.timeout', { detail: 'The provider stopped in the middle of its answer.' }))
      return
    }
  }
}
