import { choicesInOrder } from './call-kinds.ts'
import type { AdmissionParts } from './open-admission.ts'
import type { RateAccount } from './rate-account.ts'
import type { SlotAccount } from './slot-account.ts'
import { type Choice, isMissed } from './target-desk.ts'
import type { WaitingCall } from './waiting-calls.ts'

/** What the calls that wait would take of each limit. */
interface Demand {
  readonly slots: Map<SlotAccount, number>
  /** `first`: what the first of them would take. */
  readonly amounts: Map<RateAccount, { readonly amount: number; readonly first: number }>
}

/**
 * Tells every limit how many of the calls that wait would use it: as many as there are free slots for in this worker, and
 * of each kind the first choice; the next one only where the fleet gave less of the first than was wanted.
 */
export function expectWaiting({ kinds, waiting, busy, slots }: AdmissionParts, nowMs: number): void {
  const demand: Demand = { slots: new Map(), amounts: new Map() }
  let free = Math.max(0, slots() - busy())
  for (const { first, count } of waiting.kinds()) {
    const calls = Math.min(count, free)
    free -= calls
    if (calls > 0) addKind(demand, first, calls)
  }
  for (const account of kinds.slots.values()) account.expect(demand.slots.get(account) ?? 0)
  for (const account of kinds.rates.values()) expectAmount(demand, account)
  for (const desk of kinds.desks.values()) {
    const probes = desk.health.openness === 'limited' && isMissed(desk, nowMs) ? 1 : 0
    desk.limited.expect(Math.max(demand.slots.get(desk.limited) ?? 0, probes))
    expectAmount(demand, desk.learned)
  }
}

function expectAmount({ amounts }: Demand, account: RateAccount): void {
  const { amount = 0, first = 1 } = amounts.get(account) ?? {}
  account.expect(amount, first)
}

function addKind(demand: Demand, { kind, wish }: WaitingCall, calls: number): void {
  const { contextTokens: tokens } = wish.needs
  for (const choice of choicesInOrder(kind, tokens)) {
    const { openness } = choice.desk.health
    if (openness === 'out') continue
    const accounts = openness === 'limited' ? [...choice.slots, choice.desk.limited] : choice.slots
    for (const account of accounts) demand.slots.set(account, (demand.slots.get(account) ?? 0) + calls)
    for (const [account, each] of amountsOf(choice, tokens)) {
      const before = demand.amounts.get(account)
      demand.amounts.set(account, { amount: (before?.amount ?? 0) + each * calls, first: before?.first ?? each })
    }
    if (!accounts.some((account) => account.isShort)) return
  }
}

function amountsOf({ desk, rates }: Choice, tokens: number): readonly (readonly [RateAccount, number])[] {
  const amounts = rates.map(({ account, counts }) => [account, counts === 'tokens' ? tokens : 1] as const)
  return desk.learnedPerSecond === undefined ? amounts : [...amounts, [desk.learned, 1]]
}
