import type { Clock } from '@magictask/runtime'
import type { Budget } from './counting-budget.ts'

export interface TallyDeps {
  readonly cap: number
  readonly count: () => Promise<number>
  readonly budget: Budget
  readonly clock: Clock
}

/** How many wait of one tenant, or of all, as far as this process knows: a count of rows, and what was let in beside it. */
export interface Tally {
  /** Counts anew where what is known is too old to let so many in, or to refuse them. */
  look(tasks: number): Promise<void>
  fits(tasks: number): boolean
  /** Lets so many in; disposed when they are committed, or will not be. */
  seat(tasks: number): Disposable
}

/** While less than half of the cap waits, nobody is near it. */
const FAR_FROM_CAP = 0.5
const FAR_COUNT_MS = 10_000
const NEAR_COUNT_MS = 1_000
/** Of what may be spent on counting, so much is kept for those who would else be refused. */
const KEPT_FOR_REFUSALS_MS = 500

/** Before it refuses anybody it counts anew, if it may. */
export function createTally({ cap, count, budget, clock }: TallyDeps): Tally {
  let counted = 0
  let countedAtMs = Number.NEGATIVE_INFINITY
  /** Let in and perhaps not in the count: their commit was under way when it began. */
  let seatedAtCount = 0
  let admittedAtCount = 0
  /** Let in ever, and of those not yet done. */
  let admitted = 0
  let seated = 0
  /** The count that is under way: whoever needs one meanwhile shares it. */
  let counting: Promise<void> | undefined

  /** At most so many: what was let in while the count ran may be in it as well. */
  const waiting = () => counted + seatedAtCount + admitted - admittedAtCount
  const fits = (tasks: number) => waiting() + tasks <= cap

  async function countAnew(): Promise<void> {
    const atStart = { seated, admitted, ms: clock.elapsedMs() }
    counted = await count()
    countedAtMs = clock.elapsedMs()
    seatedAtCount = atStart.seated
    admittedAtCount = atStart.admitted
    budget.spend(countedAtMs - atStart.ms)
  }

  /** A first count is made whatever it costs. */
  function mayCount(tasks: number): boolean {
    const ageMs = clock.elapsedMs() - countedAtMs
    if (ageMs === Number.POSITIVE_INFINITY) return true
    if (!fits(tasks)) return budget.leftMs() > 0
    const dueMs = waiting() < cap * FAR_FROM_CAP ? FAR_COUNT_MS : NEAR_COUNT_MS
    return ageMs >= dueMs && budget.leftMs() > KEPT_FOR_REFUSALS_MS
  }

  return {
    async look(tasks) {
      const isDue = mayCount(tasks)
      if (isDue)
        counting ??= countAnew().finally(() => {
          counting = undefined
        })
      if (isDue || !fits(tasks)) await counting
    },
    fits,
    seat(tasks) {
      admitted += tasks
      seated += tasks
      return {
        [Symbol.dispose]() {
          seated -= tasks
        },
      }
    },
  }
}
