import {
  ALL_SUGGESTIONS,
  type Asked,
  afterCall,
  afterFault,
  type BrokenCall,
  broke,
  done,
  FAULTS,
  Fault,
  isRepetition,
  isSpent,
  mayStandIn,
  notYet,
  type RetryPolicy,
  saysAway,
  type TargetName,
  type Verdict,
} from '@magictask/domain'
import type { Admitted, Broke, CallWish, Message } from '@magictask/models'
import { askOnce, type CallDeps, leave, type Question, wishOf } from './ask-once.ts'
import { repairQuestion } from './repair-question.ts'
import { type RunningTask, stopReason } from './running-tasks.ts'

export interface AskDeps extends CallDeps {
  readonly retry: RetryPolicy
}

/** Whoever gave an answer that is wrong in itself, and what it is told of that. */
interface Repair extends Pick<Question, 'messages' | 'needs'> {
  readonly target: TargetName
}

/** Where a suggestion stands between two calls. */
interface Turn {
  readonly asked: Asked
  /** Who was asked in this claim and cannot answer now. */
  readonly away: ReadonlySet<TargetName>
  /** Asked first, if it is ready at this moment. */
  readonly repair?: Repair
  /** The call that broke last in this claim. */
  readonly broken?: BrokenCall & { readonly detail: string }
  /** The right to the next call, where it is had already. */
  readonly admitted?: Admitted
}

/**
 * Asks for one suggestion until there is a verdict about it: the one place that repeats a call. What follows a fault
 * is `afterFault`'s word: the same candidate with what was wrong, the next one, another that is ready at once. What
 * needs a wait ends here, because nobody sleeps in a slot.
 */
export async function askSuggestion(deps: AskDeps, question: Question): Promise<Verdict> {
  let turn: Turn = { asked: question.asked, away: new Set() }
  for (;;) {
    const next = await takeTurn(deps, question, turn)
    if ('kind' in next) return next
    turn = next
  }
}

/** One call at most: the verdict it led to, or the turn that follows. */
async function takeTurn(deps: AskDeps, question: Question, turn: Turn): Promise<Turn | Verdict> {
  if (isSpent(turn.asked, deps.retry)) return givenUp(question, turn)
  const admitted = turn.admitted ?? (await admit(deps, question, turn))
  if (admitted === 'nobody-able') return givenUp(question, withNobody(turn))
  if ('kind' in admitted) return admitted
  const held = holdUp(deps, question.running, turn, admitted)
  if (held !== undefined) return held

  const target = admitted.target.name
  const { answer, failedProbe } = await askOnce(deps, question, {
    admitted,
    messages: messagesFor(question, turn, admitted),
  })
  const { provider, model } = answer
  switch (answer.kind) {
    case 'answered':
      return done(answer.json, { kind: 'model', by: { provider, model } })
    case 'aborted':
      return afterStop(deps, question.running, { asked: turn.asked, target })
    case 'broke':
      return afterBroken(deps, question, turn, { target, answer, failedProbe })
  }
}

async function admit(deps: AskDeps, question: Question, turn: Turn): Promise<Admitted | 'nobody-able' | Verdict> {
  const { running } = question
  const { signal } = running.stopping
  if (!signal.aborted && !deps.mayCall()) return notYet('no-lease')
  try {
    signal.throwIfAborted()
    const mender = turn.repair && admitMender(deps, question, turn.asked, turn.repair)
    if (mender !== undefined) return mender
    const wish = wishOf(question, turn.asked.without)
    running.asksForSlot ||= question.suggestion !== ALL_SUGGESTIONS
    if (mayStandIn(turn.asked) && isHopeless(deps, wish)) return 'nobody-able'
    return await deps.admission.admit(wish, signal)
  } catch (error) {
    if (!signal.aborted) throw error
    return afterStop(deps, running, { asked: turn.asked })
  }
}

/** Where models did answer, nobody waits for one whose key is refused. */
function isHopeless({ admission }: AskDeps, wish: CallWish): boolean {
  return admission.candidates(wish).every(({ name }) => admission.outage(name)?.isRefused === true)
}

/** Who can mend an answer is asked for that before others are, but nobody waits for it while others are ready. */
function admitMender(
  { admission }: AskDeps,
  { running, queue }: Question,
  { without }: Asked,
  { target, needs }: Repair,
): Admitted | undefined {
  const others = admission.candidates(wishOf({ running, queue, needs }, without)).filter(({ name }) => name !== target)
  return admission.admitNow(wishOf({ running, queue, needs }, new Set([...without, ...others.map(({ name }) => name)])))
}

/** What is wrong with an answer is told only to who gave it, where that is not too much for it. */
function messagesFor({ messages }: Question, { repair }: Turn, { target }: Admitted): readonly Message[] {
  if (repair?.target !== target.name) return messages
  return repair.needs.contextTokens <= (target.contextTokens ?? Number.POSITIVE_INFINITY) ? repair.messages : messages
}

/** What keeps a call from being made although it was admitted; the admission is given back. */
function holdUp(deps: AskDeps, running: RunningTask, turn: Turn, admitted: Admitted): Verdict | undefined {
  const verdict = reasonToHold(deps, running, turn, admitted)
  if (verdict !== undefined) leave(admitted)
  return verdict
}

function reasonToHold(deps: AskDeps, running: RunningTask, turn: Turn, admitted: Admitted): Verdict | undefined {
  if (running.stopping.signal.aborted) return afterStop(deps, running, { asked: turn.asked })
  if (!deps.mayCall()) return notYet('no-lease')
  if (admitted.probe || !isRepetition(turn.asked)) return undefined
  const { provider } = admitted.target
  if (deps.retryBudgets.spend(provider)) {
    deps.telemetry.record('magictask_repeated_calls_total', 1, { provider })
    return undefined
  }
  return turn.broken === undefined ? notYet('retry-budget') : { ...turn.broken, kind: 'broke', asked: turn.asked }
}

interface BrokenTurn {
  readonly target: TargetName
  readonly answer: Broke
  readonly failedProbe: boolean
}

/** The next turn, or the verdict when there is none. */
function afterBroken(
  deps: AskDeps,
  question: Question,
  turn: Turn,
  { target, answer, failedProbe }: BrokenTurn,
): Turn | Verdict {
  const { fault, detail, retryAfterMs } = answer
  const asked = failedProbe ? turn.asked : afterCall(turn.asked, { target, outcome: fault }, deps.retry)
  const broken = { fault, detail, target, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  const next = { asked, broken, away: new Set([...turn.away, target]) }
  const follows = afterFault(broken, asked, deps.retry)
  switch (follows.kind) {
    case 'repair':
      return { ...next, away: turn.away, repair: { target, ...repairQuestion(question, answer) } }
    case 'next-candidate':
      return next
    case 'give-up':
      return givenUp(question, next)
    case 'elsewhere-or-wait': {
      const admitted = deps.admission.admitNow(wishOf(question, new Set([...asked.without, ...next.away])))
      if (admitted !== undefined) return { ...next, admitted }
      if (failedProbe) return notYet('probe-failed')
      return FAULTS[fault].remedy === 'outlast' && mayStandIn(asked)
        ? givenUp(question, next)
        : { ...broken, kind: 'broke', asked }
    }
  }
}

/** Waiting for somebody who is configured no more would never end. */
function withNobody({ asked, broken }: Turn): Pick<Turn, 'asked' | 'broken'> {
  const fault = broken?.fault ?? asked.lastFault ?? 'task.no_candidate'
  if (!saysAway(fault)) return { asked, ...(broken === undefined ? {} : { broken }) }
  return { asked, broken: { fault: 'task.no_candidate', detail: FAULTS['task.no_candidate'].says } }
}

/** Nobody is left to be asked: the chain's own answer where models did answer, wrongly, and the task takes it; else the fault. */
function givenUp({ running, chain, input }: Question, { asked, broken }: Pick<Turn, 'asked' | 'broken'>): Verdict {
  const fault = broken?.fault ?? asked.lastFault ?? 'task.no_candidate'
  const detail = broken?.detail ?? FAULTS[fault].says
  const { basicAnswer } = chain
  if (basicAnswer === undefined || !mayStandIn(asked) || running.task.params?.fallback === false)
    return { kind: 'broke', fault, detail, asked }
  return done(JSON.stringify(basicAnswer(input)), { kind: 'stand-in', fault, detail })
}

/** The verdict about a suggestion whose task was stopped before it had an answer. `target`: whose call was cut off by that. */
export function afterStop(
  { retry }: Pick<AskDeps, 'retry'>,
  running: RunningTask,
  { asked, target }: { readonly asked: Asked; readonly target?: TargetName },
): Verdict {
  const why = stopReason(running)
  if (why === 'no-slot') return notYet(running.wasAsked ? 'no-next' : 'no-slot')
  if (why !== 'timeout') return notYet('shutdown')
  const timedOut = new Fault('provider.timeout')
  if (target === undefined) return broke(timedOut, asked)
  return broke(timedOut, afterCall(asked, { target, outcome: timedOut.code }, retry))
}
