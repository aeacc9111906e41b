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
  NEVER_ASKED,
  type Verdict,
} from '@magictask/domain'
import type { EarlyAnswer, Outcome } from '@magictask/store'
import { type AskDeps, afterStop, askSuggestion, type Question } from './ask-suggestion.ts'
import { type RunningTask, stopReason } from './running-tasks.ts'

export interface ExecuteDeps extends AskDeps {
  /** What chains look things up in before they ask. */
  readonly sources: Sources
  readonly recordAnswer: (answer: EarlyAnswer) => void
  /** A suggestion needs no slot any more. */
  readonly onAsked: (running: RunningTask) => void
  readonly provider: { readonly name: string; readonly model: string }
}

/**
 * One task from its claim to its outcome: asks for every answer that is missing, side by side, and decides once all
 * have had their turn. Never throws: a task's failure is a value. Undefined when the task is no longer this claim's.
 */
export async function execute(deps: ExecuteDeps, running: RunningTask): Promise<Outcome | undefined> {
  const verdicts = await runChain(deps, running).catch((error: unknown) => [afterThrow(running, error)])
  const why = stopReason(running)
  if (why === 'lost') return undefined
  const decision = decide(verdicts, deps.retry)
  if (why === 'deadline' && decision.kind !== 'succeeded') return expired(running, verdicts)
  return outcomeOf(deps, running, decision)
}

async function runChain(deps: ExecuteDeps, running: RunningTask): Promise<readonly Verdict[]> {
  const { task, claim } = running
  const chain = chainFor(task.magicType)
  if (chain === undefined) throw new Error(`this worker knows no magicType of that name: ${task.magicType}`)
  const suggestions = Array.from({ length: task.num_suggestions }, (_, suggestion) => suggestion)
  if (suggestions.every((suggestion) => claim.answers.has(suggestion)))
    return suggestions.map((each) => kept(deps, claim.answers.get(each) ?? ''))

  const plain = { content: task.content, params: task.params ?? {} }
  const input = chain.context === undefined ? plain : { ...plain, ...(await lookUp(deps, running, chain.context)) }
  const messages = await chain.prompt(input)
  const conclude = concludeWith(chain, input)
  return Promise.all(
    suggestions.map(async (suggestion) => {
      const paid = claim.answers.get(suggestion)
      if (paid !== undefined) return kept(deps, paid)
      const verdict = await askSuggestion(deps, {
        running,
        chain,
        messages,
        ...conclude,
        suggestion,
        asked: askedBefore(deps, running, suggestion),
      })
      deps.onAsked(running)
      // Stored at once, so that a death or a retry costs only the answers that are missing.
      if (verdict.kind === 'done' && suggestions.length > 1) keepAnswer(deps, running, suggestion, verdict.answer)
      return verdict
    }),
  )
}

/** It may ask servers of its own, so from here on the task is not taken for one that has had no slot. */
function lookUp(deps: ExecuteDeps, running: RunningTask, context: NonNullable<Chain['context']>) {
  const { tenant, content } = running.task
  running.callStarted = true
  return context(deps.sources, { tenant, content }, running.stopping.signal)
}

function concludeWith({ conclude }: Chain, input: ChainInput): Pick<Question, 'conclude'> {
  return conclude === undefined ? {} : { conclude: (answer) => conclude(answer, input) }
}

function keepAnswer(deps: ExecuteDeps, { task, claim }: RunningTask, suggestion: number, answer: string): void {
  deps.recordAnswer({ taskId: task.task_id, fence: claim.fence, suggestion, answer })
}

function kept({ provider }: ExecuteDeps, answer: string): Verdict {
  return done(answer, { kind: 'kept', provider: provider.name, model: provider.model })
}

function askedBefore({ retry }: ExecuteDeps, { claim }: RunningTask, suggestion: number): Asked {
  const before = claim.calls.filter((call) => call.suggestion === suggestion)
  return askedBy(
    before.map(({ provider, model, outcome }) => ({ target: `${provider}/${model}` as const, outcome })),
    retry,
  )
}

/** What went wrong before the first call counts by the task's tries: it must end some time. */
function afterThrow(running: RunningTask, error: unknown): Verdict {
  const { tries } = running.claim
  if (running.stopping.signal.aborted) return afterStop(running, { ...NEVER_ASKED, calls: tries })
  return broke(Fault.from(error, 'worker.defect'), { ...NEVER_ASKED, calls: tries + 1 })
}

function outcomeOf(deps: ExecuteDeps, { task, claim }: RunningTask, decision: Decision): Outcome {
  const base = { taskId: task.task_id, fence: claim.fence }
  if (decision.kind === 'queued') {
    const { kind: state, ...wait } = decision
    return { ...base, state, ...wait }
  }
  const made = {
    ...base,
    results: `[${decision.results.join(',')}]`,
    degraded: false,
    provider: deps.provider.name,
    model: deps.provider.model,
  }
  if (decision.kind === 'succeeded') return { ...made, state: 'succeeded' }
  return { ...made, state: 'failed', error: JSON.stringify({ code: decision.fault, detail: decision.detail }) }
}

function expired({ task, claim }: RunningTask, verdicts: readonly Verdict[]): Outcome {
  const answers = verdicts.flatMap((verdict) => (verdict.kind === 'done' ? [verdict.answer] : []))
  return {
    taskId: task.task_id,
    fence: claim.fence,
    state: 'expired',
    results: `[${answers.join(',')}]`,
    error: JSON.stringify({ code: 'task.expired', detail: FAULTS['task.expired'].says }),
    degraded: false,
  }
}
