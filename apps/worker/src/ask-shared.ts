import { done, leastContextTokens, type TargetName, type Verdict } from '@magictask/domain'
import { type AnswerCache, answerKey, type KnownAnswer } from '@magictask/models'
import { type Question, wishOf } from './ask-once.ts'
import { type AskDeps, afterStop, askSuggestion } from './ask-suggestion.ts'
import { begin, finish, type RunningTask } from './running-tasks.ts'

export interface ShareDeps extends AskDeps {
  readonly cache: AnswerCache
  readonly flights: Flights
}

/** A question whose prompt is not written yet: an answer that is known needs none. */
export type UnwrittenQuestion = Omit<Question, 'messages' | 'needs'> & {
  readonly write: () => Promise<Pick<Question, 'messages' | 'needs'>>
}

/** Questions that somebody in this worker is asking just now, by their keys. */
export type Flights = Map<string, Flight>

/** One of them: whoever comes with the same question waits for its answer. */
export interface Flight {
  /** Undefined when there is none to share. */
  readonly answer: Promise<KnownAnswer | undefined>
  readonly followers: Set<RunningTask>
  /** Whether a call for it is under way: else its followers, too, wait for a slot. */
  isCalling: boolean
}

/** The verdict about a suggestion: from the cache, from an identical question under way, or by asking; what is valid is kept. */
export async function answerSuggestion(deps: ShareDeps, question: UnwrittenQuestion): Promise<Verdict> {
  if (!mayShare(question.running)) return askUnwritten(deps, question)
  const key = keyOf(question)
  const known = await deps.cache.find(key, targetsOf(deps, question))
  if (known !== undefined) return fromCache(known)

  const flight = deps.flights.get(key)
  if (flight === undefined) return lead(deps, question, key)
  const shared = await follow(deps, flight, question.running)
  if (shared !== undefined) {
    deps.telemetry.record('llm_cache_hits_total', 1, { level: 'flight' })
    return fromCache(shared)
  }
  if (question.running.stopping.signal.aborted) return afterStop(deps, question.running, question)
  // Not a flight of its own: a question whose call fails would else be asked by one after the other.
  return askAndKeep(deps, question, key)
}

/** Several suggestions are wanted to differ, so they are asked for anew unless the task says otherwise. */
function mayShare({ task }: RunningTask): boolean {
  const wish = task.params?.cache_enabled
  return typeof wish === 'boolean' ? wish : task.num_suggestions === 1
}

function keyOf({ running, chain, input, suggestion }: UnwrittenQuestion): string {
  const { fallback: _fallback, cache_enabled: _cache, ...params } = input.params
  const { tenant, magicType } = running.task
  const { promptVersion, format } = chain
  return answerKey({ tenant, magicType, promptVersion, format, input: { ...input, params }, suggestion })
}

/** By the content alone, which is less than the prompt: one that cannot take the prompt has given no answer to it. */
function targetsOf(deps: ShareDeps, question: UnwrittenQuestion): readonly TargetName[] {
  const needs = { contextTokens: leastContextTokens([question.input.content]), vision: false }
  return deps.admission.candidates(wishOf({ ...question, needs }, question.asked.without)).map(({ name }) => name)
}

function fromCache({ json, provider, model }: KnownAnswer): Verdict {
  return done(json, { kind: 'cache', by: { provider, model } })
}

async function lead(deps: ShareDeps, question: UnwrittenQuestion, key: string): Promise<Verdict> {
  const { promise, resolve } = Promise.withResolvers<KnownAnswer | undefined>()
  const flight: Flight = { answer: promise, followers: new Set(), isCalling: false }
  deps.flights.set(key, flight)
  try {
    const verdict = await askAndKeep(deps, { ...question, onCall: (isUnderWay) => turn(deps, flight, isUnderWay) }, key)
    resolve(answerIn(verdict))
    return verdict
  } finally {
    deps.flights.delete(key)
    resolve(undefined)
  }
}

async function askUnwritten(deps: ShareDeps, question: UnwrittenQuestion): Promise<Verdict> {
  return askSuggestion(deps, { ...question, ...(await question.write()) })
}

async function askAndKeep(deps: ShareDeps, question: UnwrittenQuestion, key: string): Promise<Verdict> {
  const verdict = await askUnwritten(deps, question)
  const answer = answerIn(verdict)
  if (answer !== undefined) deps.cache.keep(key, answer)
  return verdict
}

/** A stand-in is nobody's answer. */
function answerIn(verdict: Verdict): KnownAnswer | undefined {
  if (verdict.kind !== 'done' || verdict.from.kind !== 'model' || verdict.from.by === undefined) return undefined
  return { ...verdict.from.by, json: verdict.answer }
}

function turn({ clock }: ShareDeps, flight: Flight, isUnderWay: boolean): void {
  flight.isCalling = isUnderWay
  for (const follower of flight.followers) {
    if (isUnderWay) begin(follower)
    else finish(follower, clock.elapsedMs())
  }
}

/** Waits for what the leader gets, or until the follower's own task is stopped. */
async function follow({ clock }: ShareDeps, flight: Flight, running: RunningTask): Promise<KnownAnswer | undefined> {
  const { signal } = running.stopping
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>()
  const stop = () => resolve(undefined)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  flight.followers.add(running)
  if (flight.isCalling) begin(running)
  try {
    return await Promise.race([flight.answer, stopped])
  } finally {
    flight.followers.delete(running)
    if (flight.isCalling) finish(running, clock.elapsedMs())
    signal.removeEventListener('abort', stop)
  }
}
