import type { Admitted } from '../admission.ts'
import type { Answer } from '../ask.ts'
import type { Target } from '../target.ts'
import type { Taken } from './target-desk.ts'

/** A call that was admitted: what it took of limits goes back when it ends, once. */
export class RunningCall implements Admitted {
  readonly target: Target
  readonly probe: boolean
  readonly #taken: Taken
  #onEnd: ((taken: Taken, answer: Answer) => void) | undefined

  constructor(taken: Taken, onEnd: (taken: Taken, answer: Answer) => void) {
    this.target = taken.choice.desk.target
    this.probe = taken.probe
    this.#taken = taken
    this.#onEnd = onEnd
  }

  end(answer: Answer): void {
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.(this.#taken, answer)
  }
}
