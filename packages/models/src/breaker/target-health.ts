import {
  type DecayedMean,
  FAULTS,
  isFaultCode,
  type TargetChange,
  type TargetState,
  withMeasured,
} from '@magictask/domain'
import type { Outage } from '../admission.ts'
import type { Answer } from '../ask.ts'
import type { Target } from '../target.ts'
import { AcceptedRate } from './accepted-rate.ts'
import {
  type Away,
  BREAKER,
  RATE_LIMITED,
  type Step,
  stepByTime,
  stepOfFailure,
  stepOfRateLimit,
  stepOfRefusal,
  stepOfWorkingProbe,
} from './breaker.ts'
import { type CallSign, signOf } from './call-sign.ts'
import { FailureWindow } from './failure-window.ts'

/** Whether a target may be asked: as usual, by as many calls at once as its state says, or not at all. */
export type Openness = 'usual' | 'limited' | 'out'

/**
 * How one target does: the fleet's state of it, as far as it is known here, and what this worker saw since. What is
 * seen here holds here at once, and in the fleet as soon as the change that it asks for is written.
 */
export class TargetHealth {
  readonly target: Target
  readonly #window = new FailureWindow()
  readonly #accepted = new AcceptedRate()
  #state: TargetState
  #readAtMs = 0
  /** Rises when the state becomes another one: a call that began before says nothing about this one. */
  #phase = 0
  #phaseAtMs = 0
  #worked = 0
  #change: Step | undefined
  #latency: DecayedMean | undefined
  #brokeAtMs = Number.NEGATIVE_INFINITY

  constructor(target: Target) {
    this.target = target
    this.#state = unknownTarget(target.name)
  }

  get phase(): number {
    return this.#phase
  }

  get latencyMs(): number | undefined {
    return this.#latency?.value
  }

  /** When a call of this worker last met that it does not answer, or not more. */
  get brokeAtMs(): number {
    return this.#brokeAtMs
  }

  /** As it is known here now. */
  get state(): TargetState {
    return this.#state
  }

  get openness(): Openness {
    const { state, forced } = this.#state
    if (forced !== undefined) return forced === 'open' ? 'out' : 'usual'
    if (state === 'closed') return 'usual'
    return state === 'open' ? 'out' : 'limited'
  }

  /** Until time alone may change its state; undefined where it does not. */
  dueInMs(nowMs: number): number | undefined {
    if (this.#state.forced !== undefined || this.#state.state === 'closed') return undefined
    const untilMs = (this.#state.untilInMs ?? 0) - (nowMs - this.#readAtMs)
    return this.#state.state === 'open' && untilMs > 0 ? untilMs : LOOK_MS
  }

  began(nowMs: number): void {
    this.#accepted.began(nowMs)
  }

  /** Takes in what a call came to that began in `phase`. Gives what it says of the provider's other targets too. */
  ended(answer: Answer, phase: number, nowMs: number): CallSign | undefined {
    const sign = signOf(answer)
    if (sign === 'works') {
      this.#window.worked(nowMs)
      this.#latency = withMeasured(this.#latency, answer.latencyMs, nowMs)
    } else if (sign !== undefined) {
      this.#accepted.refused(nowMs)
      this.#brokeAtMs = nowMs
    }
    if (sign === undefined || this.#state.forced !== undefined) return sign
    const step = this.#stepAfter(sign, answer, phase, nowMs)
    if (step !== undefined) this.#want(step, nowMs)
    return sign
  }

  /** That it does not answer; undefined where it may be asked, or only wants to be left alone for a while. */
  outage(nowMs: number): Outage | undefined {
    const { state, forced, reason, revision } = this.#state
    if (forced !== undefined) return forced === 'open' ? { ...FORCED_OUTAGE, revision } : undefined
    if ((state !== 'open' && state !== 'probing') || this.isRateLimited) return undefined
    const fault = `provider.${reason}`
    const isRefused = isFaultCode(fault) && FAULTS[fault].remedy === 'outlast'
    return { forMs: this.dueInMs(nowMs) ?? LOOK_MS, isRefused, revision }
  }

  /** Somebody else of the same provider was refused for a reason that holds for all of it. */
  refused(reason: string, nowMs: number): void {
    if (this.#state.state !== 'open' && this.#state.forced === undefined) this.#want(stepOfRefusal(reason), nowMs)
  }

  /** Does what time brings. `wanted`: a call waits for this target. */
  tick(wanted: boolean, nowMs: number): void {
    if (this.#change !== undefined || this.#state.forced !== undefined) return
    const away = this.#away(nowMs)
    const step = away === undefined ? undefined : stepByTime(away, wanted)
    if (step !== undefined) this.#want(step, nowMs)
  }

  /** The change that the fleet has to be told of, if there is one. */
  change(): Omit<TargetChange, 'learned'> | undefined {
    return this.#change === undefined
      ? undefined
      : { name: this.target.name, seen: this.#state.revision, ...this.#change }
  }

  /** Whether the change that is wanted lets calls through again after the provider asked to be left alone. */
  get learns(): boolean {
    return this.#change?.state === 'closed' && this.#state.reason === RATE_LIMITED
  }

  /** Takes in the fleet's state. A change that builds on the same revision stays wanted; any other has come too late. */
  read(state: TargetState | undefined, nowMs: number): void {
    const read = state ?? unknownTarget(this.target.name)
    if (this.#change !== undefined && read.revision === this.#state.revision) return
    this.#change = undefined
    this.#enter(read, nowMs)
  }

  /** Whether it asked to be left alone, and is. */
  get isRateLimited(): boolean {
    return this.#state.state === 'open' && this.#state.reason === RATE_LIMITED
  }

  /**
   * Calls a second that it takes, from what was seen here: of `before` the share that was taken, or, where nothing was
   * known, what it took of this worker, to which the others add theirs. A tenth less, so that the next refusal is not the
   * next call.
   */
  learnedPerSecond(before: number | undefined, nowMs: number): number {
    const share = Math.max(LEAST_SHARE, this.#accepted.takeShare() ?? 1)
    const seen = before === undefined ? this.#accepted.perSecond(nowMs) : before * share
    return Math.max(LEAST_PER_SECOND, seen * BELOW_SEEN)
  }

  #stepAfter(sign: CallSign, answer: Answer, phase: number, nowMs: number): Step | undefined {
    const away = this.#away(nowMs)
    if (sign === 'rate-limited') return this.#afterRateLimit(away, retryAfterOf(answer))
    if (phase !== this.#phase || away?.state === 'open') return undefined
    if (sign === 'refused') return stepOfRefusal(reasonOf(answer))
    if (sign === 'failed') return this.#afterFailure(away, answer, nowMs)
    if (away === undefined) return undefined
    this.#worked += 1
    return away.state === 'probing' ? stepOfWorkingProbe(away) : stepByTime({ ...away, worked: this.#worked }, true)
  }

  /** A probe that fails was one too many, and so is a single call where the provider asks to be left alone. */
  #afterFailure(away: Away | undefined, answer: Answer, nowMs: number): Step | undefined {
    const waitMs = retryAfterOf(answer) ?? 0
    const tooMany = this.#window.failed(nowMs) || away?.state === 'probing' || waitMs > 0
    return tooMany ? stepOfFailure(reasonOf(answer), away?.awayMs ?? 0, waitMs) : undefined
  }

  /** A longer wait than the one it has already is taken over; one that is open for another reason stays so. */
  #afterRateLimit(away: Away | undefined, retryAfterMs: number | undefined): Step | undefined {
    const step = stepOfRateLimit(retryAfterMs)
    if (away?.state !== 'open') return step
    const longer = (step.untilInMs ?? 0) - away.untilInMs
    return away.reason === RATE_LIMITED && longer > LONGER_MS ? step : undefined
  }

  #away(nowMs: number): Away | undefined {
    const { state, most = 1, reason, forMs, untilInMs = 0 } = this.#state
    if (state === 'closed') return undefined
    const readForMs = nowMs - this.#readAtMs
    return {
      state,
      most,
      reason,
      awayMs: forMs + readForMs,
      inStateMs: nowMs - this.#phaseAtMs,
      untilInMs: untilInMs - readForMs,
      worked: this.#worked,
    }
  }

  /** What takes a target out holds here at once; what lets more calls through waits until the fleet knows of it. */
  #want(step: Step, nowMs: number): void {
    this.#change = step
    if (step.state !== 'open') return
    const { name, revision, forMs, state } = this.#state
    this.#enter({ name, revision, forMs: state === 'closed' ? 0 : forMs + nowMs - this.#readAtMs, ...step }, nowMs)
  }

  #enter(state: TargetState, nowMs: number): void {
    const isOther = state.state !== this.#state.state || state.most !== this.#state.most
    if (state.state !== this.#state.state) this.#phase += 1
    if (isOther) {
      this.#phaseAtMs = nowMs
      this.#worked = 0
      this.#window.clear()
    }
    this.#state = state
    this.#readAtMs = nowMs
  }
}

/** An admin may take the word back at any time. */
const FORCED_OUTAGE = { forMs: BREAKER.mostOpenMs, isRefused: false }
/** A state that waits for calls is looked at so often. */
const LOOK_MS = 1_000
const LEAST_PER_SECOND = 0.1
/** However much was refused at once: the next refusal lowers it further. */
const LEAST_SHARE = 0.3
const BELOW_SEEN = 0.9
/** Answers of one refusal say about the same time. */
const LONGER_MS = 250

function retryAfterOf(answer: Answer): number | undefined {
  return answer.kind === 'broke' ? answer.retryAfterMs : undefined
}

/** The fault without the part of its name that all of them share. */
function reasonOf(answer: Answer): string {
  return answer.kind === 'broke' ? answer.fault.replace(/^provider\./, '') : 'unknown'
}

function unknownTarget(name: string): TargetState {
  return { name, state: 'closed', forMs: 0, revision: 0 }
}
