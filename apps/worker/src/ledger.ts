import type { Clock, Log, Telemetry } from '@magictask/runtime'
import type { CallRecord, Database, EarlyAnswer, FairCharge, Outcome, Settled, StoredResult } from '@magictask/store'
import { FairCharges } from './fair-charges.ts'
import { writeSettlement } from './write-settlement.ts'

export interface LedgerDeps {
  readonly db: Database
  /** Told of results that were stored just now: they have to be published. */
  readonly onEnded: (results: readonly StoredResult[]) => void
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}

const OUTCOME_LINGER_MS = 3
/** From one write to the next: a statement costs as much as many of its rows, and nobody's slot waits for it. A lone outcome never does. */
const WRITE_EVERY_MS = 70
const ANSWER_LINGER_MS = 10
const RETRY_PAUSE_MS = 500
/** Entries of each kind in one statement. */
const MOST_AT_ONCE = 500

/**
 * Writes what a worker's tasks come to, many in one statement and fourteen statements a second at most: a lone outcome within
 * milliseconds, everything within 70, so that what is paid stands within a tenth of a second. While the database is away
 * everything is kept and written when it is back: what is paid is lost only with the process. Disposing it writes what is left.
 */
export class Ledger implements AsyncDisposable {
  readonly #deps: LedgerDeps
  readonly #outcomes: { readonly outcome: Outcome; readonly written: (how: Settled) => void }[] = []
  readonly #calls: CallRecord[] = []
  readonly #answers: EarlyAnswer[] = []
  readonly #charges = new FairCharges()
  /** When the next write is due, by the process's clock. */
  #dueMs = Number.POSITIVE_INFINITY
  #wroteAtMs = Number.NEGATIVE_INFINITY
  #alarm = new AbortController()
  #stopping = false
  readonly #running: Promise<void>

  constructor(deps: LedgerDeps) {
    this.#deps = deps
    this.#running = this.#run()
  }

  /** Resolves with what the database made of it. */
  settle(outcome: Outcome): Promise<Settled> {
    return new Promise((written) => {
      this.#outcomes.push({ outcome, written })
      this.#writeWithin(OUTCOME_LINGER_MS)
    })
  }

  recordCall(call: CallRecord): void {
    this.#calls.push(call)
    this.#writeWithin(ANSWER_LINGER_MS)
  }

  /** Written with what is written next, or after that. */
  charge(charge: FairCharge): void {
    this.#charges.add(charge)
  }

  recordAnswer(answer: EarlyAnswer): void {
    this.#answers.push(answer)
    this.#writeWithin(ANSWER_LINGER_MS)
  }

  /** Waits for what is left to be written; a database that stays away holds it up, so bound it by a grace time of your own. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    this.#writeWithin(0)
    await this.#running
  }

  #writeWithin(ms: number): void {
    const dueMs = Math.max(this.#deps.clock.elapsedMs() + ms, this.#wroteAtMs + WRITE_EVERY_MS)
    if (dueMs >= this.#dueMs) return
    this.#dueMs = dueMs
    this.#alarm.abort('due') // without a reason it would make an error, with its stack
  }

  async #run(): Promise<void> {
    while (!this.#stopping || !this.#isEmpty()) {
      await this.#untilDue()
      this.#dueMs = Number.POSITIVE_INFINITY
      if (!this.#isEmpty()) await this.#write()
    }
  }

  async #untilDue(): Promise<void> {
    for (;;) {
      const waitMs = this.#dueMs - this.#deps.clock.elapsedMs()
      if (waitMs <= 0 || this.#stopping) return
      this.#alarm = new AbortController()
      await this.#deps.clock.sleep(Math.min(waitMs, LONGEST_SLEEP_MS), this.#alarm.signal)
    }
  }

  /** One statement. What it could not write stays, in order, and is due again after a pause. */
  async #write(): Promise<void> {
    this.#wroteAtMs = this.#deps.clock.elapsedMs()
    // What a retry builds on, and a batch's bill, is written before or with it: more answers or calls than fit go ahead of every outcome.
    const isAhead = this.#answers.length > MOST_AT_ONCE || this.#calls.length > MOST_AT_ONCE
    const outcomes = isAhead ? [] : this.#outcomes.slice(0, MOST_AT_ONCE)
    const settling = new Set(outcomes.flatMap(({ outcome }) => (outcome.state === 'queued' ? [] : [outcome.taskId])))
    const calls = this.#calls.slice(0, MOST_AT_ONCE)
    const answers = this.#answers.slice(0, MOST_AT_ONCE)
    const charges = this.#charges.take(this.#wroteAtMs)
    try {
      const how = await writeSettlement(this.#deps, {
        outcomes: outcomes.map(({ outcome }) => outcome),
        calls,
        // The result of a task that ends in this statement holds its answers already.
        answers: answers.filter((answer) => !settling.has(answer.taskId)),
        charges,
      })
      this.#outcomes.splice(0, outcomes.length)
      this.#calls.splice(0, calls.length)
      this.#answers.splice(0, answers.length)
      this.#deps.onEnded(
        outcomes.flatMap(({ outcome }) => (how.get(outcome.taskId) === 'settled' ? endedAs(outcome) : [])),
      )
      for (const { outcome, written } of outcomes) written(how.get(outcome.taskId) ?? 'refused')
      if (!this.#isEmpty()) this.#writeWithin(0)
    } catch (error) {
      for (const charge of charges) this.#charges.add(charge)
      this.#deps.log.warn(
        'outcomes could not be written; they are kept',
        { outcomes: this.#outcomes.length, calls: this.#calls.length },
        error,
      )
      await this.#deps.clock.sleep(RETRY_PAUSE_MS)
      this.#writeWithin(0)
    }
  }

  #isEmpty(): boolean {
    return this.#outcomes.length + this.#calls.length + this.#answers.length === 0
  }
}

const LONGEST_SLEEP_MS = 60_000

function endedAs(outcome: Outcome): readonly StoredResult[] {
  if (outcome.state === 'queued') return []
  const { taskId, state, results, error, degradedReason } = outcome
  return [
    {
      taskId,
      status: state,
      results,
      ...(error === undefined ? {} : { error }),
      ...(degradedReason === undefined ? {} : { degradedReason }),
    },
  ]
}
