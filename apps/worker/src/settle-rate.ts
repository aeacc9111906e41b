/** How many tasks a second end here, over the last few seconds. The fleet's window and the claims ahead go by it. */
export class SettleRate {
  readonly #counts: number[] = Array.from({ length: WINDOW_S }, () => 0)
  #second = 0

  add(nowMs: number): void {
    this.#turnTo(nowMs)
    this.#counts[this.#second % WINDOW_S] = (this.#counts[this.#second % WINDOW_S] ?? 0) + 1
  }

  /** Tasks a second, the best of the last seconds: a pause of the input does not make a fast worker slow. */
  perSecond(nowMs: number): number {
    this.#turnTo(nowMs)
    return Math.max(...this.#counts)
  }

  #turnTo(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    for (let passed = Math.max(this.#second + 1, second - WINDOW_S + 1); passed <= second; passed++)
      this.#counts[passed % WINDOW_S] = 0
    this.#second = Math.max(this.#second, second)
  }
}

const WINDOW_S = 4
