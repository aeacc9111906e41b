/**
 * How many calls a second a target took of those that began in the last seconds. Calls under way count as taken: who
 * refuses does so at once, and who answers may take minutes.
 */
export class AcceptedRate {
  readonly #counts: number[] = Array.from({ length: PARTS }, () => 0)
  #part = 0
  #begunSinceReset = 0
  #refusedSinceReset = 0

  began(nowMs: number): void {
    this.#add(nowMs, 1)
    this.#begunSinceReset += 1
  }

  refused(nowMs: number): void {
    this.#add(nowMs, -1)
    this.#refusedSinceReset += 1
  }

  /** Calls a second, from the first of them in the window on, and over no less than a second. */
  perSecond(nowMs: number): number {
    this.#turnTo(nowMs)
    const parts = Array.from({ length: PARTS }, (_, at) => Math.max(0, this.#part - PARTS + 1 + at))
    const first = parts.find((part) => this.#counts[part % PARTS] !== 0) ?? this.#part
    const taken = this.#counts.reduce((sum, count) => sum + count, 0)
    return (Math.max(0, taken) / Math.max(1_000, nowMs - first * PART_MS)) * 1_000
  }

  /** Of the calls since this was last asked, the share that was taken; undefined when there were none. */
  takeShare(): number | undefined {
    const begun = this.#begunSinceReset
    const refused = this.#refusedSinceReset
    this.#begunSinceReset = 0
    this.#refusedSinceReset = 0
    return begun === 0 ? undefined : Math.max(0, begun - refused) / begun
  }

  #add(nowMs: number, count: number): void {
    this.#turnTo(nowMs)
    const at = this.#part % PARTS
    this.#counts[at] = (this.#counts[at] ?? 0) + count
  }

  #turnTo(nowMs: number): void {
    const part = Math.floor(nowMs / PART_MS)
    for (let passed = Math.max(this.#part + 1, part - PARTS + 1); passed <= part; passed++)
      this.#counts[passed % PARTS] = 0
    this.#part = Math.max(this.#part, part)
  }
}

const PART_MS = 250
const PARTS = 40
