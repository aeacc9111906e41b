import { FAULTS, isFaultCode, type TargetName } from '@magictask/domain'
import type { Clock, Log } from '@magictask/runtime'
import { isMissed, type TargetDesk } from './target-desk.ts'

/** A target that calls would ask, and that does not answer. */
export interface AwayTarget {
  readonly target: TargetName
  /** Why, as a sentence. */
  readonly says: string
}

export interface AwayTellerDeps {
  /** Told, besides the log, whom calls wait for. */
  readonly onAway?: (away: readonly AwayTarget[]) => void
  readonly clock: Clock
  readonly log: Log
}

/** Tells why calls wait or go elsewhere: at once, then once a minute at most, as long as anybody would ask those who are away. */
export class AwayTeller {
  readonly #deps: AwayTellerDeps
  #toldAtMs = Number.NEGATIVE_INFINITY

  constructor(deps: AwayTellerDeps) {
    this.#deps = deps
  }

  tell(desks: Iterable<TargetDesk>): void {
    const { clock, log, onAway } = this.#deps
    const nowMs = clock.elapsedMs()
    if (nowMs - this.#toldAtMs < EVERY_MS) return
    const away = [...desks].filter((desk) => isWanted(desk, nowMs) && isAway(desk, nowMs))
    if (away.length === 0) return
    this.#toldAtMs = nowMs
    const reasons = away.map(({ target, health: { state } }) => `${target.name}: ${state.reason ?? 'forced'}`)
    log.warn('calls wait, or go elsewhere, for models that do not answer', { targets: reasons.join(', ') })
    onAway?.(away.map((desk) => ({ target: desk.target.name, says: whyIn(desk) })))
  }
}

const EVERY_MS = 60_000
/** Whoever was asked so lately is waited for by who asked. */
const LATELY_MS = 2_000
/** Who wants to be left alone for less is slow, and not away. */
const LONG_MS = 5_000

function isWanted(desk: TargetDesk, nowMs: number): boolean {
  return isMissed(desk, nowMs) || nowMs - desk.health.brokeAtMs < LATELY_MS
}

function isAway({ health }: TargetDesk, nowMs: number): boolean {
  return health.outage(nowMs) !== undefined || (health.isRateLimited && (health.dueInMs(nowMs) ?? 0) >= LONG_MS)
}

function whyIn({ health }: TargetDesk): string {
  const { forced, reason = '' } = health.state
  if (forced !== undefined) return 'It was taken out by an admin.'
  const fault = `provider.${reason}`
  return isFaultCode(fault) ? FAULTS[fault].says : 'It does not answer.'
}
