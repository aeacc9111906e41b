import {
  type CallQueue,
  type Candidate,
  type CandidateFacts,
  inOrder,
  type Route,
  type Share,
  type TargetName,
} from '@magictask/domain'
import type { CallWish } from '../admission.ts'
import type { ModelLimits } from '../config/models-config.ts'
import type { Target } from '../target.ts'
import { rateLimits, slotLimits } from './fleet-limits.ts'
import { RateAccount } from './rate-account.ts'
import { SlotAccount, type SlotAccountDeps } from './slot-account.ts'
import { type Choice, createTargetDesk, type Pool, type RateUse, type TargetDesk } from './target-desk.ts'

/** Calls that have the same candidates and fall under the same limits: of one kind all can go, or none. */
export interface CallKind {
  readonly route: Route
  readonly choices: readonly Choice[]
}

interface KindOptions extends SlotAccountDeps {
  readonly targets: ReadonlyMap<TargetName, Target>
  readonly routes: ReadonlyMap<CallQueue, Route>
  readonly limits: ModelLimits
}

/** Every target and limit that this worker knows, and the kinds of calls that fall under them. */
export class CallKinds {
  readonly #options: KindOptions
  readonly desks: ReadonlyMap<TargetName, TargetDesk>
  /** Limits that at least one kind of call falls under; empty where nothing is limited. */
  readonly slots = new Map<string, SlotAccount>()
  readonly rates = new Map<string, RateAccount>()
  readonly pools = new Map<string, Pool>()
  readonly #kinds = new Map<string, CallKind>()

  constructor(options: KindOptions) {
    this.#options = options
    this.desks = new Map([...options.targets].map(([name, target]) => [name, createTargetDesk(name, target, options)]))
  }

  /**
   * The kind of a call: its candidates are those that could ever take it, ready or not. Types that have no limit of their own
   * are all one kind: a name that nobody configured makes none.
   */
  kindOf({ queue, magicType, needs, without }: Omit<CallWish, 'tenant' | 'lane'>): CallKind {
    const type = this.#options.limits.magicTypes.has(magicType) ? magicType : ''
    const plain = this.#kind(`${queue} ${type} ${needs.vision}`, () => this.#able(queue, magicType, needs.vision))
    const isAble = ({ desk, candidate }: Choice) =>
      needs.contextTokens <= (desk.target.contextTokens ?? Number.POSITIVE_INFINITY) && !without.has(candidate.target)
    if (plain.choices.every(isAble)) return plain
    const able = plain.choices.filter(isAble)
    const names = able.map(({ candidate }) => candidate.target).join(' ')
    return this.#kind(`${queue} ${type} ${needs.vision} only ${names}`, () => ({ ...plain, choices: able }))
  }

  #kind(key: string, make: () => CallKind): CallKind {
    const known = this.#kinds.get(key)
    if (known !== undefined) return known
    const made = make()
    this.#kinds.set(key, made)
    return made
  }

  #able(queue: CallQueue, magicType: string, vision: boolean): CallKind {
    const route = this.#options.routes.get(queue)
    if (route === undefined) throw new Error(`there is no route for the queue ${queue}`)
    const choices = route.candidates.flatMap((candidate) => {
      const desk = this.desks.get(candidate.target)
      if (desk === undefined || (vision && !desk.target.capabilities.vision)) return []
      return [this.#choice(desk, { queue, magicType, candidate })]
    })
    return { route, choices }
  }

  #choice(desk: TargetDesk, call: { queue: CallQueue; magicType: string; candidate: Candidate }): Choice {
    const slots = slotLimits(this.#options.limits, call).map(({ name, cap }) =>
      kept(this.slots, name, () => new SlotAccount(name, cap, this.#options)),
    )
    const rates = rateLimits(this.#options.limits, call.candidate.provider).map(
      ({ name, perMinute, counts }): RateUse => {
        return { counts, account: kept(this.rates, name, () => new RateAccount({ name, perMinute })) }
      },
    )
    const name = `${call.queue}/${call.candidate.provider}`
    const pool = kept(this.pools, name, () => ({ name, calls: 0 }))
    return { candidate: call.candidate, desk, slots, rates, pool, served: 0 }
  }
}

function kept<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/**
 * For how long a share has had no call under way, anywhere in the fleet, in any limit of few slots that calls of this kind
 * fall under; undefined where nobody else uses one.
 */
export function withoutMs({ choices }: CallKind, share: Share): number | undefined {
  const accounts = choices.flatMap(({ slots }) => slots)
  const known = accounts.flatMap((account) => account.withoutMs(share) ?? [])
  return known.length === 0 ? undefined : Math.min(...known)
}

/** The choices of a kind in the order in which they are to be asked now. */
export function choicesInOrder({ route, choices }: CallKind, tokens: number): readonly Choice[] {
  if (choices.length < 2) return choices
  const of = new Map(choices.map((choice) => [choice.candidate, choice]))
  const able = { ...route, candidates: choices.map(({ candidate }) => candidate) }
  return inOrder(able, (candidate) => factsOf(of.get(candidate), tokens)).flatMap(
    (candidate) => of.get(candidate) ?? [],
  )
}

function factsOf(choice: Choice | undefined, tokens: number): CandidateFacts {
  const { target, inFlight = 0, health } = choice?.desk ?? {}
  return {
    inFlight,
    served: choice?.served ?? 0,
    latencyMs: health?.latencyMs,
    costMicroUsd: target === undefined ? undefined : costOf(target, tokens),
    quality: target?.quality,
  }
}

/** What the same call costs at each of them: all of it as if it were prompt, and an answer of a quarter of it. */
function costOf({ price }: Target, tokens: number): number | undefined {
  return price === undefined ? undefined : tokens * (price.inputMicroUsd + price.outputMicroUsd / ANSWER_SHARE)
}

const ANSWER_SHARE = 4
