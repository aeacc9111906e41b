import type { Chain, ChainInput } from '@magictask/chains'
import { ALL_SUGGESTIONS, type Asked, type CallQueue, saysAway, type TargetName } from '@magictask/domain'
import {
  type Admission,
  type Admitted,
  type Answer,
  type CallWish,
  type Conclude,
  type Message,
  measuredAsk,
  type Needs,
} from '@magictask/models'
import { type Clock, newCallId, type Telemetry } from '@magictask/runtime'
import type { CallRecord } from '@magictask/store'
import { tokensOf } from './fair-charges.ts'
import type { RetryBudgets } from './retry-budgets.ts'
import { begin, finish, type RunningTask, stopReason } from './running-tasks.ts'

export interface CallDeps {
  readonly admission: Admission
  readonly retryBudgets: RetryBudgets
  /** False when this worker may start no further call: it could not renew its lease. */
  readonly mayCall: () => boolean
  readonly recordCall: (call: CallRecord) => void
  readonly clock: Clock
  readonly telemetry: Telemetry
}

/** One suggestion of a running task, or what all of them need first: what to ask, and what it has been through before. */
export interface Question {
  readonly running: RunningTask
  /** Whose candidates are asked. */
  readonly queue: CallQueue
  /** Without a basic answer nothing stands in for one that is not given. */
  readonly chain: Pick<Chain, 'format' | 'promptVersion'> & Partial<Pick<Chain, 'basicAnswer'>>
  readonly input: ChainInput
  readonly messages: readonly Message[]
  readonly needs: Needs
  readonly conclude?: Conclude
  readonly suggestion: number
  readonly asked: Asked
  /** Told when a call begins, and when it is over. */
  readonly onCall?: (isUnderWay: boolean) => void
}

/** What a suggestion needs of whoever is asked for it; never of those `without`. */
export function wishOf(
  { running, queue, needs }: Pick<Question, 'running' | 'queue' | 'needs'>,
  without: ReadonlySet<TargetName>,
): CallWish {
  const { tenant, lane, magicType } = running.task
  return { queue, magicType, tenant, lane, needs, without }
}

/** A call that came to an end; `failedProbe`: it only found out that its target does not answer yet. */
export interface EndedCall {
  readonly answer: Answer
  readonly failedProbe: boolean
}

/** Makes the one call that was admitted: told to the admission, the ledger and the metrics, whatever came of it. */
export async function askOnce(
  deps: CallDeps,
  question: Question,
  { admitted, messages }: { readonly admitted: Admitted; readonly messages: readonly Message[] },
): Promise<EndedCall> {
  const { running, chain, suggestion, conclude } = question
  const callId = newCallId()
  const asks = { callId, messages, format: chain.format, suggestion, ...(conclude === undefined ? {} : { conclude }) }
  const answer = await underWay(deps, question, () =>
    measuredAsk(deps.telemetry, admitted.target, asks, running.stopping.signal),
  ).catch((error) => {
    leave(admitted)
    throw error
  })
  const outcome = outcomeOf(answer, running)
  if (answer.kind !== 'aborted') running.tokens += tokensOf(answer.usage, running, suggestion)
  admitted.end(outcome === TIMED_OUT ? { ...answer, kind: 'broke', fault: TIMED_OUT, detail: '' } : answer)
  if (answer.kind === 'answered') deps.retryBudgets.earn(answer.provider)
  const failedProbe = admitted.probe && saysAway(outcome)
  const { provider, model, latencyMs, firstTokenMs, costMicroUsd, usage } = answer
  deps.recordCall({
    taskId: running.task.task_id,
    batchId: running.task.batch_id,
    callId,
    fence: running.claim.fence,
    suggestion,
    provider,
    model,
    promptVersion: chain.promptVersion,
    latencyMs,
    outcome,
    probe: failedProbe,
    ...usage,
    ...(firstTokenMs === undefined ? {} : { firstTokenMs }),
    ...(costMicroUsd === undefined ? {} : { costMicroUsd }),
  })
  return { answer, failedProbe }
}

async function underWay(
  { clock }: CallDeps,
  { running, suggestion, onCall }: Question,
  call: () => Promise<Answer>,
): Promise<Answer> {
  if (suggestion !== ALL_SUGGESTIONS) running.wasAsked = true
  begin(running)
  onCall?.(true)
  try {
    return await call()
  } finally {
    finish(running, clock.elapsedMs())
    onCall?.(false)
  }
}

/** Gives back an admission of which no call is made. */
export function leave(admitted: Admitted): void {
  const { provider, model } = admitted.target
  admitted.end({ kind: 'aborted', provider, model, usage: {}, latencyMs: 0 })
}

/** A call that the task's time-out cut off counts as one that timed out. */
function outcomeOf(answer: Answer, running: RunningTask): string {
  if (answer.kind === 'broke') return answer.fault
  return answer.kind === 'aborted' && stopReason(running) === 'timeout' ? TIMED_OUT : answer.kind
}

const TIMED_OUT = 'provider.timeout'
