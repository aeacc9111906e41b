import type { TargetChange, TargetName, TargetState } from '@magictask/domain'
import { type Loop, startLoop, type Telemetry } from '@magictask/runtime'
import { AwayTeller, type AwayTellerDeps } from './away-teller.ts'
import { expectWaiting } from './expect-waiting.ts'
import type { Fleet } from './fleet.ts'
import type { AdmissionParts } from './open-admission.ts'
import { recordAdmission } from './record-admission.ts'
import { isMissed, limitByState, type TargetDesk } from './target-desk.ts'
import { rateAccounts, slotAccounts, tradeAccounts } from './trade-accounts.ts'

interface SyncDeps extends AwayTellerDeps {
  readonly parts: AdmissionParts
  readonly fleet: Fleet
  /** There may be room for calls that wait. */
  readonly onNews: () => void
  readonly onRecovered: (target: TargetName) => void
  readonly telemetry: Telemetry
}

/** From one trade to the next; what is wanted meanwhile goes with it. */
const TRADE_EVERY_MS = 50
/** The net below the notices: while somebody waits or a target is not closed, and while nothing is the matter. */
const LOOK_EVERY_MS = 1_000
const LOOK_IDLE_MS = 10_000

/**
 * Keeps an admission and the fleet together: tells the fleet what this worker gives back and wants, and what it saw of
 * targets; takes in what the others did. In bulk, twenty times a second at most, and not at all while nothing is limited
 * and every target is well.
 */
export class FleetSync implements AsyncDisposable {
  readonly loop: Loop
  readonly #deps: SyncDeps
  readonly #teller: AwayTeller
  #dueMs = 0
  #tradedAtMs = Number.NEGATIVE_INFINITY
  #readAtMs = Number.NEGATIVE_INFINITY
  #mustRead = true
  #workers = 1

  constructor(deps: SyncDeps) {
    this.#deps = deps
    this.#teller = new AwayTeller(deps)
    this.loop = startLoop({
      name: 'admission',
      clock: deps.clock,
      pauseMs: LOOK_EVERY_MS,
      turn: () => this.#turn(),
      onError: (error) => deps.log.warn('the limits of the fleet could not be looked at', {}, error),
    })
  }

  /** There is something to tell or to ask. */
  soon(): void {
    const { clock } = this.#deps
    const dueMs = Math.max(clock.elapsedMs(), this.#tradedAtMs + TRADE_EVERY_MS)
    if (dueMs >= this.#dueMs) return
    this.#dueMs = dueMs
    this.loop.wake()
  }

  /** What is known of targets is old. */
  readSoon(): void {
    this.#mustRead = true
    this.soon()
  }

  /** A call of this target has ended: a slot may be idle now, or the target's state another. */
  afterCall({ health, limited }: TargetDesk): void {
    const { kinds } = this.#deps.parts
    if (health.change() !== undefined || limited.held + kinds.slots.size + kinds.rates.size > 0) this.soon()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.loop[Symbol.asyncDispose]()
  }

  async #turn(): Promise<number> {
    const { clock } = this.#deps
    const earlyMs = this.#dueMs - clock.elapsedMs()
    if (earlyMs > 0) return earlyMs
    this.#dueMs = Number.POSITIVE_INFINITY
    try {
      if (this.#mustRead || clock.elapsedMs() - this.#readAtMs >= this.#lookEveryMs()) await this.#read()
      await this.#changeTargets()
      await this.#trade()
    } finally {
      recordAdmission(this.#deps)
      this.#teller.tell(this.#deps.parts.kinds.desks.values())
      this.#tradedAtMs = clock.elapsedMs()
      this.#dueMs = Math.min(this.#dueMs, this.#tradedAtMs + this.#pauseMs())
    }
    return Math.max(0, this.#dueMs - clock.elapsedMs())
  }

  async #read(): Promise<void> {
    const { parts, fleet, clock, onNews } = this.#deps
    this.#mustRead = false
    const { targets, learned, workers } = await fleet.readTargets()
    const nowMs = clock.elapsedMs()
    this.#readAtMs = nowMs
    this.#workers = workers
    const states = new Map(targets.map((state) => [state.name, state]))
    for (const desk of parts.kinds.desks.values()) {
      await this.#takeInLearned(desk, learned.get(desk.learned.name))
      this.#takeIn(desk, states.get(desk.target.name))
    }
    for (const account of slotAccounts(parts)) account.look()
    onNews()
  }

  /** What was learned for the first time, one worker has seen: the others add theirs. */
  async #takeInLearned(desk: TargetDesk, perSecond: number | undefined): Promise<void> {
    const isNew = desk.learnedPerSecond === undefined && perSecond !== undefined && desk.health.isRateLimited
    desk.learnedPerSecond = perSecond
    if (!isNew) return
    const seen = desk.health.learnedPerSecond(undefined, this.#deps.clock.elapsedMs())
    await this.#deps.fleet.addLearned(desk.learned.name, seen)
  }

  #takeIn(desk: TargetDesk, state: TargetState | undefined): void {
    desk.health.read(state, this.#deps.clock.elapsedMs())
    limitByState(desk)
  }

  async #changeTargets(): Promise<void> {
    const { parts, clock, onNews } = this.#deps
    onNews() // whoever waits in vain says so, and may be the probe
    for (const desk of parts.kinds.desks.values()) {
      desk.health.tick(isMissed(desk, clock.elapsedMs()), clock.elapsedMs())
      const change = desk.health.change()
      if (change !== undefined) await this.#changeTarget(desk, change)
    }
  }

  async #changeTarget(desk: TargetDesk, change: Omit<TargetChange, 'learned'>): Promise<void> {
    const { fleet, clock, telemetry, log, onNews } = this.#deps
    const { provider, model } = desk.target
    const perSecond = desk.health.learns
      ? desk.health.learnedPerSecond(desk.learnedPerSecond, clock.elapsedMs())
      : undefined
    const learned = perSecond === undefined ? {} : { learned: { name: desk.learned.name, perSecond } }
    const state = await fleet.changeTarget({ ...change, ...learned })
    if (state === undefined) {
      await this.#read()
      return
    }
    if (perSecond !== undefined) desk.learnedPerSecond = perSecond
    const { reason = 'none' } = state
    telemetry.record('magictask_breaker_transitions_total', 1, { provider, model, to: state.state, reason })
    log.info('a target changed its state', { provider, model, state: state.state, reason, most: state.most })
    const wasOut = desk.health.state.state === 'open' || desk.health.state.state === 'probing'
    this.#takeIn(desk, state)
    if (wasOut && (state.state === 'ramping' || state.state === 'closed')) this.#deps.onRecovered(desk.target.name)
    onNews()
  }

  async #trade(): Promise<void> {
    const { parts, fleet, clock, onNews } = this.#deps
    const nowMs = clock.elapsedMs()
    expectWaiting(parts, nowMs)
    if (await tradeAccounts({ parts, fleet, workers: this.#workers, nowMs })) onNews()
  }

  #isCalm(): boolean {
    const { kinds } = this.#deps.parts
    return kinds.slots.size + kinds.rates.size === 0 && [...kinds.desks.values()].every((desk) => isWell(desk))
  }

  #lookEveryMs(): number {
    return this.#isCalm() ? LOOK_IDLE_MS : LOOK_EVERY_MS
  }

  #pauseMs(): number {
    const { parts, clock } = this.#deps
    const nowMs = clock.elapsedMs()
    expectWaiting(parts, nowMs)
    if (slotAccounts(parts).some((account) => account.isDue(this.#workers))) return TRADE_EVERY_MS
    const due = [
      this.#lookEveryMs(),
      ...[...parts.kinds.desks.values()].map(({ health }) => health.dueInMs(nowMs) ?? LOOK_IDLE_MS),
      ...rateAccounts(parts).map((account) => account.dueInMs(nowMs) ?? LOOK_IDLE_MS),
    ]
    return Math.max(TRADE_EVERY_MS, Math.min(...due))
  }
}

function isWell({ health, limited, learnedPerSecond }: TargetDesk): boolean {
  const isClosed = health.state.state === 'closed' && health.change() === undefined
  return isClosed && limited.held === 0 && learnedPerSecond === undefined
}
