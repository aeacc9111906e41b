import type { RateWish, SlotWish } from '@magictask/domain'
import type { Fleet } from './fleet.ts'
import type { AdmissionParts } from './open-admission.ts'
import type { RateAccount } from './rate-account.ts'
import type { SlotAccount } from './slot-account.ts'

interface TradeDeps {
  readonly parts: AdmissionParts
  readonly fleet: Pick<Fleet, 'trade'>
  readonly workers: number
  readonly nowMs: number
}

/** Trades what the accounts have to say, in one go, or nothing when they have nothing to say. True when something was traded. */
export async function tradeAccounts({ parts, fleet, workers, nowMs }: TradeDeps): Promise<boolean> {
  const slots = wishesOf(slotAccounts(parts), (account) => account.wish(workers))
  const rates = wishesOf(rateAccounts(parts), (account) => account.wish(nowMs))
  if (slots.size + rates.size === 0) return false
  try {
    const traded = await fleet.trade({ slots: [...slots.values()], rates: [...rates.values()] })
    if (traded === undefined) for (const account of slotAccounts(parts)) account.forget()
    const slotGrants = new Map(traded?.slots.map((grant) => [grant.name, grant]))
    for (const account of slots.keys()) withGrant(slotGrants.get(account.name), (grant) => account.granted(grant))
    const rateGrants = new Map(traded?.rates.map((grant) => [grant.name, grant]))
    for (const account of rates.keys())
      withGrant(rateGrants.get(account.name), (grant) => account.granted(grant, nowMs))
    for (const desk of parts.kinds.desks.values())
      withGrant(rateGrants.get(desk.learned.name)?.perSecond, (perSecond) => {
        desk.learnedPerSecond = perSecond
      })
    return true
  } catch (error) {
    for (const account of slots.keys()) account.look()
    for (const [account, wish] of rates) account.failed(wish)
    throw error
  }
}

function wishesOf<Account, Wish extends SlotWish | RateWish>(
  accounts: readonly Account[],
  wishOf: (account: Account) => Wish | undefined,
): ReadonlyMap<Account, Wish> {
  return new Map(
    accounts.flatMap((account) => {
      const wish = wishOf(account)
      return wish === undefined ? [] : [[account, wish]]
    }),
  )
}

function withGrant<Grant>(grant: Grant | undefined, accept: (grant: Grant) => void): void {
  if (grant !== undefined) accept(grant)
}

/** All limits that calls of this worker fall under; those of targets are of use only while these probe or ramp. */
export function slotAccounts({ kinds }: AdmissionParts): readonly SlotAccount[] {
  return [...kinds.slots.values(), ...[...kinds.desks.values()].map(({ limited }) => limited)]
}

/** All buckets that calls of this worker take from. */
export function rateAccounts({ kinds }: AdmissionParts): readonly RateAccount[] {
  const learned = [...kinds.desks.values()].filter(({ learnedPerSecond }) => learnedPerSecond !== undefined)
  return [...kinds.rates.values(), ...learned.map((desk) => desk.learned)]
}
