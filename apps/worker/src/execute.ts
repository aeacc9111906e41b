import { type Chain, type ChainInput, chainFor } from '@magictask/chains'
import {
  type Asked,
  askedBy,
  type CallQueue,
  type Decision,
  decide,
  done,
  EMBEDDINGS,
  FAULTS,
  leastContextTokens,
  type Origin,
  queueFor,
  type Verdict,
} from '@magictask/domain'
import type { Message } from '@magictask/models'
import type { EarlyAnswer, Outcome } from '@magictask/store'
import type { Question } from './ask-once.ts'
import { answerSuggestion, mayShare, type UnwrittenQuestion } from './ask-shared.ts'
import { askedToEmbed } from './embed-in-turn.ts'
import { afterThrow, type LookUpDeps, lookUp } from './look-up.ts'
import { type RunningTask, stopReason } from './running-tasks.ts'
import { waitForReturn } from './wait-for-return.ts'

export interface ExecuteDeps extends LookUpDeps {
  readonly recordAnswer: (answer: EarlyAnswer) => void
  /** A suggestion needs no slot any more. */
  readonly onAsked: (running: RunningTask) => void
}

/**
 * One task from its claim to its outcome: asks for every answer that is missing, side by side, and decides once all
 * have had their turn. Never throws: a task's failure is a value. Undefined when the task is no longer this claim's.
 */
export async function execute(deps: ExecuteDeps, running: RunningTask): Promise<Outcome | undefined> {
  const { verdicts, waits } = await runChain(deps, running).catch(
    (error: unknown): Ran => ({ verdicts: [afterThrow(deps, running, error)], waits: forAnswers(deps, running) }),
  )
  const why = stopReason(running)
  if (why === 'lost') return undefined
  const decision = decide(verdicts, deps.retry)
  if (why === 'deadline' && decision.kind !== 'succeeded') return expired(running, verdicts)
  if (decision.kind !== 'queued') return outcomeOf(running, verdicts, decision)
  const { kind, ...wait } = decision
  return { ...claimOf(running), state: kind, ...waitForReturn({ ...deps, ...waits }, running, { verdicts, wait }) }
}

/** What all its turns came to, and what those that are not over wait for. */
interface Ran {
  readonly verdicts: readonly Verdict[]
  readonly waits: Waits
}

interface Waits {
  readonly queue: CallQueue
  readonly askedBefore: (suggestion: number) => Asked
}

async function runChain(deps: ExecuteDeps, running: RunningTask): Promise<Ran> {
  const { task } = running
  const chain = chainFor(task.magicType)
  if (chain === undefined) throw new Error(`this worker knows no magicType of that name: ${task.magicType}`)
  const suggestions = Array.from({ length: task.num_suggestions }, (_, suggestion) => suggestion)
  const kept = suggestions.map((suggestion) => keptAnswer(running, suggestion))
  const waits = forAnswers(deps, running)
  if (kept.every((verdict) => verdict !== undefined)) return { verdicts: kept, waits }

  const lookedUp = await lookUp(deps, running, chain)
  if ('verdict' in lookedUp) {
    const verdicts = kept.map((before) => before ?? lookedUp.verdict)
    return { verdicts, waits: deps.embeds && chain.embeds === true ? forEmbeddings(deps, running) : waits }
  }
  const question = questionOf(running, chain, lookedUp.found)
  const verdicts = await Promise.all(
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
  return { verdicts, waits }
}

function forAnswers(deps: ExecuteDeps, running: RunningTask): Waits {
  const { tier } = running.task
  return { queue: queueFor(tier), askedBefore: (suggestion) => askedBefore(deps, running, suggestion) }
}

function forEmbeddings(deps: ExecuteDeps, running: RunningTask): Waits {
  return { queue: EMBEDDINGS, askedBefore: () => askedToEmbed(deps, running) }
}

/** What all suggestions of a task are asked with. */
function questionOf(
  running: RunningTask,
  chain: Chain,
  found: Pick<ChainInput, 'candidates'>,
): Omit<UnwrittenQuestion, 'suggestion' | 'asked'> {
  const { task } = running
  const input = { content: task.content, params: task.params ?? {}, ...found }
  let written: ReturnType<UnwrittenQuestion['write']> | undefined
  const write = () => {
    written ??= writePrompt(chain, input)
    return written
  }
  const isShared = mayShare(running)
  return { running, queue: queueFor(task.tier), chain, input, write, isShared, ...concludeWith(chain, input) }
}

async function writePrompt(chain: Chain, input: ChainInput): ReturnType<UnwrittenQuestion['write']> {
  const messages = await chain.prompt(input)
  return { messages, needs: needsOf(messages) }
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
