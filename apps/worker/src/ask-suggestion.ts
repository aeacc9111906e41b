import type { Chain } from '@magictask/chains'
import {
  type Asked,
  afterCall,
  afterFault,
  broke,
  done,
  Fault,
  notYet,
  type RetryPolicy,
  type TargetName,
  type Verdict,
} from '@magictask/domain'
import type { Answer, Ask, Conclude, Message } from '@magictask/models'
import { newCallId } from '@magictask/runtime'
import type { CallRecord } from '@magictask/store'
import { type RunningTask, stopReason } from './running-tasks.ts'

export interface AskDeps {
  readonly ask: Ask
  readonly retry: RetryPolicy
  /** Runs a model call when a slot is free for it. */
  readonly inSlot: <Result>(call: () => Promise<Result>) => Promise<Result>
  /** False when this worker may start no further call: it could not renew its lease. */
  readonly mayCall: () => boolean
  readonly recordCall: (call: CallRecord) => void
}

/** One suggestion of a running task: what to ask, and how often it was asked before. */
export interface Question {
  readonly running: RunningTask
  readonly chain: Chain
  readonly messages: readonly Message[]
  readonly conclude?: Conclude
  readonly suggestion: number
  readonly asked: Asked
}

/**
 * Asks for one suggestion until there is a verdict about it. What is wrong with an answer is asked again at once, as
 * often as `decide` allows; what needs a wait ends here, because nobody sleeps in a slot.
 */
export async function askSuggestion(deps: AskDeps, question: Question): Promise<Verdict> {
  const { running } = question
  let asked = question.asked
  for (;;) {
    const answer = await deps.inSlot(() => askOnce(deps, question))
    if (answer === 'no-lease') return notYet('no-lease')
    if (answer === 'stopped' || answer.kind === 'aborted') return afterStop(running, asked)
    const { provider, model } = answer
    if (answer.kind === 'answered') return done(answer.json, { kind: 'model', provider, model })

    const target: TargetName = `${provider}/${model}`
    const { fault, detail, retryAfterMs } = answer
    asked = afterCall(asked, { target, outcome: fault }, deps.retry)
    const call = { fault, target, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    if (afterFault(call, asked, deps.retry).kind !== 'repair') return { ...call, kind: 'broke', detail, asked }
  }
}

async function askOnce(deps: AskDeps, question: Question): Promise<Answer | 'stopped' | 'no-lease'> {
  const { running, chain, messages, suggestion, conclude } = question
  if (running.stopping.signal.aborted) return 'stopped'
  if (!deps.mayCall()) return 'no-lease'
  running.callStarted = true
  const callId = newCallId()
  const request = {
    callId,
    messages,
    format: chain.format,
    suggestion,
    ...(conclude === undefined ? {} : { conclude }),
  }
  const answer = await deps.ask(request, running.stopping.signal)
  deps.recordCall({
    taskId: running.task.task_id,
    batchId: running.task.batch_id,
    callId,
    fence: running.claim.fence,
    suggestion,
    provider: answer.provider,
    model: answer.model,
    promptVersion: chain.promptVersion,
    latencyMs: answer.latencyMs,
    outcome: outcomeOf(answer, running),
    ...answer.usage,
  })
  return answer
}

/** A call that the task's time-out cut off counts as one that timed out. */
function outcomeOf(answer: Answer, running: RunningTask): string {
  if (answer.kind === 'broke') return answer.fault
  return answer.kind === 'aborted' && stopReason(running) === 'timeout' ? 'provider.timeout' : answer.kind
}

/** The verdict about a suggestion whose task was stopped before it had an answer. `asked` is without the call that was cut off. */
export function afterStop(running: RunningTask, asked: Asked): Verdict {
  const why = stopReason(running)
  if (why === 'timeout') return broke(new Fault('provider.timeout'), { ...asked, calls: asked.calls + 1 })
  return notYet(why === 'no-slot' ? 'no-slot' : 'shutdown')
}
