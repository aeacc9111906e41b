import { choicesInOrder } from './call-kinds.ts'
import type { AdmissionParts } from './open-admission.ts'
import type { RateAccount } from './rate-account.ts'
import type { SlotAccount } from './slot-account.ts'
import { type Choice, isMissed } from './target-desk.ts'
import type { WaitingCall, WaitingCalls } from './waiting-calls.ts'

/** What the calls that wait would take of each limit. */
interface Demand {
  readonly waiting: WaitingCalls
  readonly slots: Map<SlotAccount, { readonly calls: number; readonly next: WaitingCall }>
  /** `first`: what the first of them would take. */
  readonly amounts: Map<RateAccount, { readonly amount: number; readonly first: number }>
}

/**
 * Tells every limit how many of the calls that wait would use it: as many as there are free slots for in this worker, and
 * of each kind the first choice; the next one only where the fleet gave less of the first than was wanted.
 */
export function expectWaiting({ kinds, waiting, busy, slots }: AdmissionParts, nowMs: number): void {
  const demand: Demand = { waiting, slots: new Map(), amounts: new Map() }
  let free = Math.max(0, slots() - busy())
  for (const { first, count } of waiting.kinds()) {
    const calls = Math.min(count, free)
    free -= calls
    if (calls > 0) addKind(demand, first, calls)
  }
  for (const account of kinds.slots.values()) expectCalls(demand, account)
  for (const account of kinds.rates.values()) expectAmount(demand, account)
  for (const desk of kinds.desks.values()) {
    const probes = desk.health.openness === 'limited' && isMissed(desk, nowMs) ? 1 : 0
    expectCalls(demand, desk.limited, probes)
    expectAmount(demand, desk.learned)
  }
}

function expectCalls({ slots }: Demand, account: SlotAccount, least = 0): void {
  const { calls = 0, next } = slots.get(account) ?? {}
  account.expect(Math.max(calls, least), next?.wish)
}

function expectAmount({ amounts }: Demand, account: RateAccount): void {
  const { amount = 0, first = 1 } = amounts.get(account) ?? {}
  account.expect(amount, first)
}

function addKind(demand: Demand, first: WaitingCall, calls: number): void {
  const { kind, wish } = first
  const { contextTokens: tokens } = wish.needs
  for (const choice of choicesInOrder(kind, tokens)) {
    const { openness } = choice.desk.health
    if (openness === 'out') continue
    const accounts = openness === 'limited' ? [...choice.slots, choice.desk.limited] : choice.slots
    for (const account of accounts) addCalls(demand, account, { calls, next: first })
    for (const [account, each] of amountsOf(choice, tokens)) {
      const before = demand.amounts.get(account)
      demand.amounts.set(account, { amount: (before?.amount ?? 0) + each * calls, first: before?.first ?? each })
    }
    if (!accounts.some((account) => account.isShort)) return
  }
}

function addCalls(
  { slots, waiting }: Demand,
  account: SlotAccount,
  { calls, next }: { readonly calls: number; readonly next: WaitingCall },
): void {
  const before = slots.get(account)
  const isFirst = before === undefined || waiting.isBefore(next, before.next)
  slots.set(account, { calls: calls + (before?.calls ?? 0), next: isFirst ? next : before.next })
}

function amountsOf({ desk, rates }: Choice, tokens: number): readonly (readonly [RateAccount, number])[] {
  const amounts = rates.map(({ account, counts }) => [account, counts === 'tokens' ? tokens : 1] as const)
  return desk.learnedPerSecond === undefined ? amounts : [...amounts, [desk.learned, 1]]
}
