import { type CallQueue, FairOrder, type Route, type TargetName, type WeightOf } from '@magictask/domain'
import type { Clock, Loop, Note, Telemetry } from '@magictask/runtime'
import type { Admission, Admitted, CallWish, Outage } from '../admission.ts'
import type { Answer } from '../ask.ts'
import type { ModelLimits } from '../config/models-config.ts'
import type { Target } from '../target.ts'
import type { AwayTellerDeps } from './away-teller.ts'
import { type CallKind, CallKinds, choicesInOrder } from './call-kinds.ts'
import { describeTarget } from './describe-target.ts'
import type { Fleet } from './fleet.ts'
import { FleetSync } from './fleet-sync.ts'
import { NEXT_CALLS, roomOf } from './room-of.ts'
import { RunningCall } from './running-call.ts'
import { type Choice, giveBack, obstacleOf, type Taken, take } from './target-desk.ts'
import { type WaitingCall, WaitingCalls } from './waiting-calls.ts'

export interface AdmissionOptions extends AwayTellerDeps {
  readonly targets: ReadonlyMap<TargetName, Target>
  readonly routes: ReadonlyMap<CallQueue, Route>
  readonly limits: ModelLimits
  /** Calls at once in this worker. */
  readonly slots: number
  /** How much tenants weigh beside each other; all the same when left out. */
  readonly weightOf?: WeightOf
  readonly fleet: Fleet
  /** A target answers again: what waits for it is to be woken. */
  readonly onRecovered: (target: TargetName) => void
  readonly telemetry: Telemetry
}

/** An admission that runs. Disposing it stops its dealings with the fleet; who waits goes on waiting. */
export interface OpenAdmission extends Admission, AsyncDisposable {
  /** Somebody in the fleet gave slots back or wants some: of this limit, or, left out, of any. */
  limitMoved(name?: string): void
  /** A target's state has changed. */
  targetMoved(): void
  /** How many more calls like this are likely to start within 0.8 s; infinite where nothing is limited. */
  room(call: { readonly queue: CallQueue; readonly magicType: string }): number
  /** Whether the call that this signal would stop is one of the next of its kind, and waits for others than this worker's own calls. */
  isNext(signal: AbortSignal): boolean
  /** Calls at once in this worker from now on; those under way go on. */
  resize(slots: number): void
  /** Calls under way here, by `<queue>/<provider>`. */
  underWay(): Readonly<Record<string, number>>
  /** How each target stands here, in words. */
  notes(): readonly Note[]
  readonly loop: Loop
}

/** What an admission knows, for whoever shows it. */
export interface AdmissionParts {
  readonly kinds: CallKinds
  readonly waiting: WaitingCalls
  readonly routes: ReadonlyMap<CallQueue, Route>
  readonly busy: () => number
  readonly slots: () => number
}

/** Opens an admission. It asks the fleet for nothing before the first call that falls under a limit. */
export function openAdmission(options: AdmissionOptions): OpenAdmission {
  return new FleetAdmission(options)
}

class FleetAdmission implements OpenAdmission {
  readonly #parts: AdmissionParts
  readonly #clock: Clock
  readonly #telemetry: Telemetry
  readonly #kinds: CallKinds
  readonly #waiting: WaitingCalls
  readonly #sync: FleetSync
  #slots: number
  #busy = 0

  constructor(options: AdmissionOptions) {
    this.#clock = options.clock
    this.#telemetry = options.telemetry
    this.#slots = options.slots
    this.#waiting = new WaitingCalls(new FairOrder(options.weightOf), options.weightOf)
    this.#kinds = new CallKinds(options)
    this.#parts = {
      kinds: this.#kinds,
      waiting: this.#waiting,
      routes: options.routes,
      busy: () => this.#busy,
      slots: () => this.#slots,
    }
    this.#sync = new FleetSync({ ...options, parts: this.#parts, onNews: () => this.#startWaiting() })
  }

  get loop(): Loop {
    return this.#sync.loop
  }

  async admit(wish: CallWish, signal: AbortSignal): Promise<Admitted | 'nobody-able'> {
    signal.throwIfAborted()
    const kind = this.#kinds.kindOf(wish)
    if (kind.choices.length === 0) return 'nobody-able'
    const admitted = this.#waiting.has(kind) ? undefined : this.#tryNow(kind, wish)
    return admitted ?? this.#wait(kind, wish, signal)
  }

  admitNow(wish: CallWish): Admitted | undefined {
    const kind = this.#kinds.kindOf(wish)
    return this.#waiting.has(kind) ? undefined : this.#tryNow(kind, wish)
  }

  candidates(wish: Omit<CallWish, 'tenant' | 'lane'>): readonly Target[] {
    return choicesInOrder(this.#kinds.kindOf(wish), wish.needs.contextTokens).map(({ desk }) => desk.target)
  }

  outage(target: TargetName): Outage | undefined {
    return this.#kinds.desks.get(target)?.health.outage(this.#clock.elapsedMs())
  }

  limitMoved(name?: string): void {
    for (const account of this.#kinds.slots.values()) if (name === undefined || account.name === name) account.look()
    for (const { limited } of this.#kinds.desks.values())
      if (name === undefined || limited.name === name) limited.look()
    this.#sync.soon()
  }

  targetMoved(): void {
    this.#sync.readSoon()
  }

  room(call: { readonly queue: CallQueue; readonly magicType: string }): number {
    return roomOf(this.#parts, this.#kinds.kindOf({ ...call, needs: NO_NEEDS, without: NOBODY }))
  }

  isNext(signal: AbortSignal): boolean {
    return this.#busy < this.#slots && this.#waiting.isAmongFirst(signal, NEXT_CALLS)
  }

  underWay(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#kinds.pools.values()].map(({ name, calls }) => [name, calls]))
  }

  notes(): readonly Note[] {
    const nowMs = this.#clock.elapsedMs()
    return [...this.#kinds.desks.values()].map((desk) => describeTarget(desk, nowMs))
  }

  resize(slots: number): void {
    this.#slots = slots
    this.#startWaiting()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sync[Symbol.asyncDispose]()
  }

  #tryNow(kind: CallKind, wish: CallWish): Admitted | undefined {
    if (this.#busy >= this.#slots) return undefined
    const nowMs = this.#clock.elapsedMs()
    const choice = firstFree(kind, wish.needs.contextTokens, nowMs)
    if (choice === undefined) return undefined
    this.#busy += 1
    this.#waiting.began(wish)
    return new RunningCall(take(choice, wish, nowMs), this.#onEnd)
  }

  #wait(kind: CallKind, wish: CallWish, signal: AbortSignal): Promise<Admitted> {
    return new Promise((resolve, reject) => {
      const sinceMs = this.#clock.elapsedMs()
      const leave = () => {
        this.#waiting.remove(call)
        reject(signal.reason)
      }
      const admit = (admitted: Admitted) => {
        signal.removeEventListener('abort', leave)
        this.#telemetry.record('magictask_admission_wait_seconds', (this.#clock.elapsedMs() - sinceMs) / 1_000, {
          queue: wish.queue,
        })
        resolve(admitted)
      }
      const call: WaitingCall = this.#waiting.add({ wish, kind, signal, admit })
      signal.addEventListener('abort', leave, { once: true })
      if (this.#busy < this.#slots) this.#sync.soon()
    })
  }

  /** One function for all calls. */
  readonly #onEnd = (taken: Taken, answer: Answer) => this.#end(taken, answer)

  #end(taken: Taken, answer: Answer): void {
    const nowMs = this.#clock.elapsedMs()
    const { desk } = taken.choice
    this.#busy -= 1
    this.#waiting.ended(taken.wish)
    giveBack(taken, tokensOf(answer))
    const sign = desk.health.ended(answer, taken.phase, nowMs)
    if (sign === 'refused' && answer.kind === 'broke') this.#refuseAll(desk.target.provider, answer.fault, nowMs)
    this.#startWaiting()
    this.#sync.afterCall(desk)
  }

  /** A key, or a quota, is the provider's: its other models are not asked either. */
  #refuseAll(provider: string, fault: string, nowMs: number): void {
    for (const { target, health } of this.#kinds.desks.values())
      if (target.provider === provider) health.refused(fault.replace('provider.', ''), nowMs)
  }

  /** Starts what can go, in the order of fair shares. */
  #startWaiting(): void {
    while (this.#busy < this.#slots) {
      const next = this.#nextToStart()
      if (next === undefined) return
      const admitted = this.#tryNow(next.kind, next.wish)
      if (admitted === undefined) return
      this.#waiting.start(next)
      next.admit(admitted)
    }
  }

  #nextToStart(): WaitingCall | undefined {
    const nowMs = this.#clock.elapsedMs()
    let next: WaitingCall | undefined
    for (const { first } of this.#waiting.kinds()) {
      if (next !== undefined && this.#waiting.isBefore(next, first)) continue
      if (firstFree(first.kind, first.wish.needs.contextTokens, nowMs) !== undefined) next = first
    }
    return next
  }
}

/**
 * The first choice that nothing holds back; none while the fleet may still have room at one that comes before. One that
 * was out is not behind with calls when it comes back.
 */
function firstFree(kind: CallKind, tokens: number, nowMs: number): Choice | undefined {
  const out: Choice[] = []
  for (const choice of choicesInOrder(kind, tokens)) {
    const obstacle = obstacleOf(choice, tokens)
    if (obstacle === undefined) {
      for (const other of out) other.served = Math.max(other.served, choice.served)
      return choice
    }
    choice.desk.missedAtMs = nowMs
    if (obstacle === 'unasked') return undefined
    if (obstacle === 'out') out.push(choice)
  }
  return undefined
}

const NO_NEEDS = { contextTokens: 0, vision: false }
const NOBODY: ReadonlySet<TargetName> = new Set()

function tokensOf({ usage }: Answer): number | undefined {
  const { promptTokens, completionTokens } = usage
  return promptTokens === undefined ? undefined : promptTokens + (completionTokens ?? 0)
}
