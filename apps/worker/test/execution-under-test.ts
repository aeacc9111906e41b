import { openAnswerCache } from '@magictask/models'
import { testClock } from '@magictask/runtime'
import type { CallRecord, EarlyAnswer } from '@magictask/store'
import { execute } from '../src/execute.ts'
import { createRetryBudgets } from '../src/retry-budgets.ts'
import type { RunningTask } from '../src/running-tasks.ts'
import { answered, type Script, scriptedModels } from './scripted-models.ts'
import { ground } from './worker-under-test.ts'

export const GOOD = '{"title":"t","sentiment":"neutral","is_spam":false}'
export const ONE = 'one/m'
export const TWO = 'two/m'
/** A first model that answers well. */
export const good: Script = () => answered(ONE, GOOD)

/** Calls for the first suggestion, in earlier claims. */
export const callsBefore = (...outcomes: readonly string[]) =>
  outcomes.map((outcome) => ({ suggestion: 0, provider: 'one', model: 'm', outcome }))

/** Fresh tasks under execution, with models that answer by their scripts. */
export function setup(one: Script, two?: Script) {
  const calls: CallRecord[] = []
  const early: EarlyAnswer[] = []
  const models = scriptedModels({ [ONE]: one, ...(two === undefined ? {} : { [TWO]: two }) })
  const clock = testClock('2026-01-01T00:00:00Z')
  const deps = {
    ...ground,
    clock,
    admission: models.admission,
    retryBudgets: createRetryBudgets(clock),
    cache: openAnswerCache({ ...ground, targets: new Map(), ttlMs: 60_000, memoryBytes: 1_000_000 }),
    flights: new Map(),
    mayCall: () => true,
    recordCall: (call: CallRecord) => calls.push(call),
    recordAnswer: (each: EarlyAnswer) => early.push(each),
    onAsked: () => undefined,
    embeds: false,
    sources: { catalogue: { candidates: async () => [] } },
  }
  return { ...models, run: (running: RunningTask) => execute(deps, running), deps, calls, early, clock }
}

/** Who was called, and what came of it. */
export const outcomesOf = (calls: readonly CallRecord[]) => calls.map(({ provider, outcome }) => [provider, outcome])
