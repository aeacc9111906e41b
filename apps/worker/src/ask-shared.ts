import { done, leastContextTokens, type TargetName, type Verdict } from '@magictask/domain'
import { type AnswerCache, answerKey, type Fits, type KnownAnswer } from '@magictask/models'
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
  /** Whether an answer that others got, or get just now, will do. */
  readonly isShared: boolean
}

/** Questions that somebody in this worker is asking just now, by queue and key. */
export type Flights = Map<string, Flight>

/** One of them: whoever comes with the same question waits for what becomes of it. */
export interface Flight {
  readonly landing: Promise<Landing>
  readonly followers: Set<RunningTask>
  /** Whether a call for it is under way: else its followers, too, wait for a slot. */
  isCalling: boolean
}

/** An answer to share; or `failed`: it was asked and there is none; or `gone`: whoever led was stopped or had to wait. */
type Landing = KnownAnswer | 'failed' | 'gone'

/** The verdict about a suggestion: from the cache, from an identical question under way, or by asking; what is valid is kept. */
export async function answerSuggestion(deps: ShareDeps, question: UnwrittenQuestion): Promise<Verdict> {
  const { running, isShared } = question
  if (!isShared) return askUnwritten(deps, question)
  const key = keyOf(question)
  // Other queues have other candidates: what answers those that do not pay is not what answers those that do.
  const place = `${question.queue} ${key}`
  for (;;) {
    const flight = deps.flights.get(place)
    // The look into the cache is part of the flight: nobody leads who looked before an answer was kept.
    if (flight === undefined) return lead(deps, question, { key, place })
    const landing = await follow(deps, flight, running)
    if (typeof landing === 'object') {
      deps.telemetry.record('llm_cache_hits_total', 1, { level: 'flight' })
      return fromCache(landing)
    }
    if (running.stopping.signal.aborted) return afterStop(deps, running, question)
    // Not a flight of its own: a question whose call fails would else be asked by one after the other.
    if (landing === 'failed') return askAndKeep(deps, question, key)
  }
}

/** Several suggestions are wanted to differ, so they are asked for anew unless the task says otherwise. */
export function mayShare({ task }: RunningTask): boolean {
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

/** A result has the format's shape, whatever else a chain adds to it. */
function fitsIn({ chain }: UnwrittenQuestion): Fits {
  return (answer) => chain.format.schema.safeParse(answer).success
}

function fromCache({ json, provider, model }: KnownAnswer): Verdict {
  return done(json, { kind: 'cache', by: { provider, model } })
}

async function lead(
  deps: ShareDeps,
  question: UnwrittenQuestion,
  { key, place }: { readonly key: string; readonly place: string },
): Promise<Verdict> {
  const { promise, resolve } = Promise.withResolvers<Landing>()
  const flight: Flight = { landing: promise, followers: new Set(), isCalling: false }
  deps.flights.set(place, flight)
  let landing: Landing = 'failed'
  try {
    const known = await deps.cache.find(key, targetsOf(deps, question), fitsIn(question))
    if (known !== undefined) {
      landing = known
      return fromCache(known)
    }
    const onCall = (isUnderWay: boolean) => turn(deps, flight, isUnderWay)
    const verdict = await askAndKeep(deps, { ...question, onCall }, key)
    landing = verdict.kind === 'not-yet' ? 'gone' : (answerIn(verdict) ?? 'failed')
    return verdict
  } finally {
    deps.flights.delete(place)
    resolve(landing)
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

/** Waits for what becomes of it, or until the follower's own task is stopped. */
async function follow({ clock }: ShareDeps, flight: Flight, running: RunningTask): Promise<Landing | undefined> {
  const { signal } = running.stopping
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>()
  const stop = () => resolve(undefined)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  flight.followers.add(running)
  running.asksForSlot = true
  if (flight.isCalling) begin(running)
  try {
    return await Promise.race([flight.landing, stopped])
  } finally {
    flight.followers.delete(running)
    if (flight.isCalling) finish(running, clock.elapsedMs())
    signal.removeEventListener('abort', stop)
  }
}
