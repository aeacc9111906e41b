import type { Clock } from './clock.ts'

/** A loop that runs until it is disposed. Liveness looks at when it last turned. */
export interface Loop extends AsyncDisposable {
  readonly name: string
  /** Milliseconds since the loop last began a turn. */
  idleMs(): number
  /** Begins the next turn now instead of after the pause. */
  wake(): void
}

interface LoopOptions {
  readonly name: string
  readonly clock: Clock
  /** How long to pause after a turn; a turn may say otherwise by what it returns. */
  readonly pauseMs: number
  /** One turn. It may return how long to pause after it, in milliseconds. */
  readonly turn: (stop: AbortSignal) => Promise<number | void>
  readonly onError: (error: unknown) => void
}

/** Starts a loop. A turn that throws is reported and the loop goes on. Disposing it waits for the turn in hand; twice is harmless. */
export function startLoop(options: LoopOptions): Loop {
  const { clock } = options
  const stopping = new AbortController()
  let turnedAtMs = clock.elapsedMs()
  let alarm = new AbortController()
  let woken = false

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      turnedAtMs = clock.elapsedMs()
      woken = false
      const pauseMs = await options.turn(stopping.signal).catch(options.onError)
      if (woken || stopping.signal.aborted) continue
      alarm = new AbortController()
      await clock.sleep(typeof pauseMs === 'number' ? pauseMs : options.pauseMs, alarm.signal)
    }
  }

  const running = run()
  return {
    name: options.name,
    idleMs: () => clock.elapsedMs() - turnedAtMs,
    wake() {
      woken = true
      alarm.abort()
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      alarm.abort()
      await running
    },
  }
}
