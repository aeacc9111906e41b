import { CircuitState, ConsecutiveBreaker, SamplingBreaker } from 'cockatiel'
import { BREAKER } from './breaker.ts'

/**
 * The last calls of one target in this worker, and whether they are reason enough to take it out. cockatiel counts; what
 * follows is decided in `breaker.ts`, because its own circuit is one process's and ours is the fleet's.
 */
export class FailureWindow {
  #inARow = new ConsecutiveBreaker(BREAKER.failuresInARow)
  #sample = newSample()
  #addedAtMs = Number.NEGATIVE_INFINITY

  worked(nowMs: number): void {
    this.#forgetIfOld(nowMs)
    this.#inARow.success()
    this.#sample.success(CircuitState.Closed)
  }

  /** True when that was one failure too many. */
  failed(nowMs: number): boolean {
    this.#forgetIfOld(nowMs)
    const tooManyInARow = this.#inARow.failure()
    return this.#sample.failure(CircuitState.Closed) || tooManyInARow
  }

  clear(): void {
    this.#inARow = new ConsecutiveBreaker(BREAKER.failuresInARow)
    this.#sample = newSample()
  }

  /** cockatiel drops one old part of its window a call, so after a pause it would count what is long past. */
  #forgetIfOld(nowMs: number): void {
    if (nowMs - this.#addedAtMs > BREAKER.window.ms) this.#sample = newSample()
    this.#addedAtMs = nowMs
  }
}

function newSample(): SamplingBreaker {
  const { ms, failedShare, leastCallsPerSecond } = BREAKER.window
  return new SamplingBreaker({ threshold: failedShare, duration: ms, minimumRps: leastCallsPerSecond })
}
