import { type Chain, type ChainInput, chainFor, type Sources } from '@magictask/chains'
import {
  type Asked,
  askedBy,
  broke,
  type Decision,
  decide,
  done,
  FAULTS,
  Fault,
  leastContextTokens,
  NEVER_ASKED,
  type Origin,
  type Verdict,
} from '@magictask/domain'
import type { Message } from '@magictask/models'
import type { EarlyAnswer, Outcome } from '@magictask/store'
import type { Question } from './ask-once.ts'
import { answerSuggestion, type ShareDeps, type UnwrittenQuestion } from './ask-shared.ts'
import { afterStop } from './ask-suggestion.ts'
import { begin, finish, type RunningTask, stopReason } from './running-tasks.ts'
import { waitForReturn } from './wait-for-return.ts'

export interface ExecuteDeps extends ShareDeps {
  /** What chains look things up in before they ask. */
  readonly sources: Sources
  readonly recordAnswer: (answer: EarlyAnswer) => void
  /** A suggestion needs no slot any more. */
  readonly onAsked: (running: RunningTask) => void
}

/**
 * One task from its claim to its outcome: asks for every answer that is missing, side by side, and decides once all
 * have had their turn. Never throws: a task's failure is a value. Undefined when the task is no longer this claim's.
 */
export async function execute(deps: ExecuteDeps, running: RunningTask): Promise<Outcome | undefined> {
  const verdicts = await runChain(deps, running).catch((error: unknown) => [afterThrow(deps, running, error)])
  const why = stopReason(running)
  if (why === 'lost') return undefined
  const decision = decide(verdicts, deps.retry)
  if (why === 'deadline' && decision.kind !== 'succeeded') return expired(running, verdicts)
  if (decision.kind !== 'queued') return outcomeOf(running, verdicts, decision)
  const { kind, ...wait } = decision
  const parts = { ...deps, askedBefore: (suggestion: number) => askedBefore(deps, running, suggestion) }
  return { ...claimOf(running), state: kind, ...waitForReturn(parts, running, { verdicts, wait }) }
}

async function runChain(deps: ExecuteDeps, running: RunningTask): Promise<readonly Verdict[]> {
  const { task } = running
  const chain = chainFor(task.magicType)
  if (chain === undefined) throw new Error(`this worker knows no magicType of that name: ${task.magicType}`)
  const suggestions = Array.from({ length: task.num_suggestions }, (_, suggestion) => suggestion)
  const kept = suggestions.map((suggestion) => keptAnswer(running, suggestion))
  if (kept.every((verdict) => verdict !== undefined)) return kept

  const question = await questionOf(deps, running, chain)
  return Promise.all(
    kept.map(async (before, suggestion) => {
      if (before !== undefined) return before
      const verdict = await answerSuggestion(deps, {
        ...question,
        suggestion,
        asked: askedBefore(deps, running, suggestion),
      })
      deps.onAsked(running)
      // Stored at once, so that a death or a retry costs only the answers that are missing.
      if (suggestions.length > 1) keepIfPaid(deps, running, suggestion, verdict)
      return verdict
    }),
  )
}

/** What all suggestions of a task are asked with. */
async function questionOf(
  deps: ExecuteDeps,
  running: RunningTask,
  chain: Chain,
): Promise<Omit<UnwrittenQuestion, 'suggestion' | 'asked'>> {
  const { task } = running
  const plain = { content: task.content, params: task.params ?? {} }
  const input = chain.context === undefined ? plain : { ...plain, ...(await lookUp(deps, running, chain.context)) }
  let written: ReturnType<UnwrittenQuestion['write']> | undefined
  const write = () => {
    written ??= writePrompt(chain, input)
    return written
  }
  return { running, chain, input, write, ...concludeWith(chain, input) }
}

async function writePrompt(chain: Chain, input: ChainInput): ReturnType<UnwrittenQuestion['write']> {
  const messages = await chain.prompt(input)
  return { messages, needs: needsOf(messages) }
}

/** It may ask servers of its own: meanwhile the task does not wait for a slot. */
async function lookUp(deps: ExecuteDeps, running: RunningTask, context: NonNullable<Chain['context']>) {
  const { tenant, content } = running.task
  begin(running)
  try {
    return await context(deps.sources, { tenant, content }, running.stopping.signal)
  } finally {
    finish(running, deps.clock.elapsedMs())
  }
}

function needsOf(messages: readonly Message[]): Question['needs'] {
  return { contextTokens: leastContextTokens(messages.map(({ text }) => text)), vision: false }
}

function concludeWith({ conclude }: Chain, input: ChainInput): Pick<Question, 'conclude'> {
  return conclude === undefined ? {} : { conclude: (answer) => conclude(answer, input) }
}

function keptAnswer({ claim }: RunningTask, suggestion: number): Verdict | undefined {
  const answer = claim.answers.get(suggestion)
  if (answer === undefined) return undefined
  const by = claim.calls.findLast((call) => call.suggestion === suggestion && call.outcome === 'answered')
  return done(answer, { kind: 'kept', ...(by === undefined ? {} : { by: { provider: by.provider, model: by.model } }) })
}

/** What cost nothing is had again for nothing. */
function keepIfPaid(deps: ExecuteDeps, { task, claim }: RunningTask, suggestion: number, verdict: Verdict): void {
  if (verdict.kind !== 'done' || verdict.from.kind !== 'model') return
  deps.recordAnswer({ taskId: task.task_id, fence: claim.fence, suggestion, answer: verdict.answer })
}

function askedBefore({ retry }: ExecuteDeps, { claim }: RunningTask, suggestion: number): Asked {
  const before = claim.calls.filter((call) => call.suggestion === suggestion)
  return askedBy(
    before.map(({ provider, model, outcome }) => ({ target: `${provider}/${model}` as const, outcome })),
    retry,
  )
}

/** What went wrong before the first call counts by the task's tries: it must end some time. */
function afterThrow(deps: ExecuteDeps, running: RunningTask, error: unknown): Verdict {
  const { tries } = running.claim
  if (running.stopping.signal.aborted) return afterStop(deps, running, { asked: { ...NEVER_ASKED, calls: tries } })
  return broke(Fault.from(error, 'worker.defect'), { ...NEVER_ASKED, calls: tries + 1 })
}

function outcomeOf(
  running: RunningTask,
  verdicts: readonly Verdict[],
  decision: Exclude<Decision, { kind: 'queued' }>,
): Outcome {
  const made = { ...claimOf(running), results: `[${decision.results.join(',')}]`, ...madeBy(verdicts) }
  if (decision.kind === 'succeeded') return { ...made, state: 'succeeded' }
  return { ...made, state: 'failed', error: JSON.stringify({ code: decision.fault, detail: decision.detail }) }
}

const claimOf = ({ task, claim }: RunningTask) => ({ taskId: task.task_id, fence: claim.fence })

/** Who a task's results come from; of several who answered, the first. */
function madeBy(verdicts: readonly Verdict[]) {
  const origins: readonly Origin[] = verdicts.flatMap((verdict) => (verdict.kind === 'done' ? [verdict.from] : []))
  const by = origins.flatMap((origin) => (origin.kind === 'stand-in' ? [] : (origin.by ?? []))).at(0)
  const standIn = origins.find((origin) => origin.kind === 'stand-in')
  const reason = standIn && JSON.stringify({ code: standIn.fault, detail: standIn.detail })
  return {
    degraded: standIn !== undefined,
    cached: origins.some((origin) => origin.kind === 'cache'),
    ...(reason === undefined ? {} : { degradedReason: reason }),
    ...by,
  }
}

function expired(running: RunningTask, verdicts: readonly Verdict[]): Outcome {
  const answers = verdicts.flatMap((verdict) => (verdict.kind === 'done' ? [verdict.answer] : []))
  return {
    ...claimOf(running),
    state: 'expired',
    results: `[${answers.join(',')}]`,
    error: JSON.stringify({ code: 'task.expired', detail: FAULTS['task.expired'].says }),
    ...madeBy(verdicts),
  }
}
