/** The numbers of fair shares. A turn is what a tenant of weight 1 may spend before the next one's: less than most tasks take, so that their tasks alternate. */
export const FAIR_SHARE = {
  turnTokens: 250,
  /** Whatever a tenant was charged, it waits no longer than so many turns of the others for it. */
  mostTurnsBehind: 400,
  /** However much it has to spend, it spends no more than so many turns' worth in one: the others wait meanwhile. */
  mostTurnsInOne: 2,
  /** What it was charged too much comes back, but not as a burst that holds up the others. */
  mostTurnsAhead: 20,
  /** Whose credits are remembered; those that were not dealt to for the longest time are forgotten first. */
  mostTenants: 4_096,
} as const

/** How much a tenant's turn is worth beside the others'. Above 0. */
export type WeightOf = (tenant: string) => number

/** The weights of some tenants, and 1 for all others. */
export function weightsFrom(weights: ReadonlyMap<string, number>): WeightOf {
  return (tenant) => weights.get(tenant) ?? 1
}

/** Where the ring of tenants stands. Losing it costs nobody more than a turn. */
export interface Shares {
  /** The tenant whose turn ended last: the ring goes on behind it. */
  readonly after: string
  /** The tenant that is in the middle of its turn, and what it has spent in it. */
  readonly inTurn?: { readonly tenant: string; readonly spent: number }
  /** The tokens that each may still spend; below 0 it has had more than its share. 0 where nothing is said. */
  readonly credits: ReadonlyMap<string, number>
}

/** Before anybody had a turn. */
export const NO_SHARES: Shares = { after: '', credits: new Map() }

/** The first of a tenant's waiting tasks, as far as they were looked at. */
export interface Backlog {
  readonly tenant: string
  /** What each is thought to take, in tokens, in the order in which they are to start. */
  readonly costs: readonly number[]
  /** Whether there may be more behind them. */
  readonly more: boolean
}

/** What there is to be dealt out. */
export interface Offer {
  /** In the order of the ring, from the first behind `after`. */
  readonly backlogs: readonly Backlog[]
  /** How many tasks may start. */
  readonly room: number
  readonly weightOf: WeightOf
}

/**
 * Deficit round robin: tenants have turns in a ring, each turn is worth tokens by the tenant's weight, and goes on while
 * there is credit left. A task may take more than is left: its tenant then sits out the turns that pay for it, so a large
 * task waits no longer than a small one and shares are even all the same. No room stays unused while anybody has a task.
 * Gives how many of each tenant's first tasks start, and where the ring stands then.
 */
export function dealOut(shares: Shares, { backlogs, room, weightOf }: Offer): Dealt {
  const hands = backlogs.map((backlog) => handOf(backlog, shares, weightOf))
  let turn: Turn = { after: shares.after, inTurn: shares.inTurn }
  let left = room
  let open = hands.filter(hasTasks)
  while (left > 0 && open.length > 0) {
    skipTurnsOfNobody(open, turn)
    for (const hand of open) {
      if (left === 0) break
      takeTurn(hand, turn)
      left -= spend(hand, left)
      const unfinished = left === 0 && mayGoOn(hand)
      turn = unfinished ? { after: turn.after, inTurn: hand } : { after: hand.tenant, inTurn: undefined }
    }
    open = open.filter(hasTasks)
  }
  return {
    takes: new Map(hands.flatMap(({ tenant, taken }) => (taken > 0 ? [[tenant, taken]] : []))),
    shares: sharesOf(shares, turn, hands),
  }
}

/** How many of each tenant's first tasks start now, and how the ring stands afterwards. */
export interface Dealt {
  readonly takes: ReadonlyMap<string, number>
  readonly shares: Shares
}

/** What somebody's tasks took beyond what was thought when they started; below 0, short of it. */
export interface Charge {
  readonly tenant: string
  readonly tokens: number
}

/** Lets tenants pay for what their tasks took beyond what was thought, within the bounds of `FAIR_SHARE`. */
export function chargeShares(shares: Shares, charges: readonly Charge[], weightOf: WeightOf): Shares {
  if (charges.length === 0) return shares
  const credits = new Map(shares.credits)
  for (const { tenant, tokens } of charges) keep(credits, tenant, (credits.get(tenant) ?? 0) - tokens, weightOf(tenant))
  return { ...shares, credits }
}

interface Turn {
  readonly after: string
  readonly inTurn: Shares['inTurn'] | undefined
}

interface Hand extends Backlog {
  readonly weight: number
  readonly turnTokens: number
  taken: number
  credit: number
  /** In its present turn. */
  spent: number
}

function handOf(backlog: Backlog, shares: Shares, weightOf: WeightOf): Hand {
  const weight = weightOf(backlog.tenant)
  const turnTokens = FAIR_SHARE.turnTokens * weight
  return { ...backlog, weight, turnTokens, taken: 0, spent: 0, credit: shares.credits.get(backlog.tenant) ?? 0 }
}

function hasTasks({ taken, costs }: Hand): boolean {
  return taken < costs.length
}

/** Its turn begins, or goes on where it was left. */
function takeTurn(hand: Hand, { inTurn }: Turn): void {
  const goesOn = inTurn?.tenant === hand.tenant
  if (!goesOn) hand.credit += hand.turnTokens
  hand.spent = goesOn ? inTurn.spent : 0
}

function mayGoOn(hand: Hand): boolean {
  const { credit, spent, turnTokens } = hand
  return credit > 0 && spent < FAIR_SHARE.mostTurnsInOne * turnTokens && hasTasks(hand)
}

/** Rounds in which nobody could start anything are gone through at once. */
function skipTurnsOfNobody(open: readonly Hand[], { inTurn }: Turn): void {
  const turnsUntilCredit = (hand: Hand) =>
    hand.credit > 0 ? Number(hand.tenant !== inTurn?.tenant) : Math.floor(-hand.credit / hand.turnTokens) + 1
  const skipped = Math.min(...open.map(turnsUntilCredit)) - 1
  if (skipped > 0) for (const hand of open) hand.credit += skipped * hand.turnTokens
}

function spend(hand: Hand, room: number): number {
  const before = hand.taken
  while (hand.taken - before < room && mayGoOn(hand)) {
    const cost = hand.costs[hand.taken] ?? 0
    hand.credit -= cost
    hand.spent += cost
    hand.taken += 1
  }
  return hand.taken - before
}

/** Whoever has no task left keeps no credit for later, but does keep what it owes. */
function sharesOf(before: Shares, { after, inTurn }: Turn, hands: readonly Hand[]): Shares {
  const credits = new Map(before.credits)
  for (const hand of hands) {
    const isDone = !hasTasks(hand) && !hand.more
    keep(credits, hand.tenant, isDone ? Math.min(0, hand.credit) : hand.credit, hand.weight)
  }
  return { after, credits, ...(inTurn === undefined ? {} : { inTurn: { tenant: inTurn.tenant, spent: inTurn.spent } }) }
}

function keep(credits: Map<string, number>, tenant: string, credit: number, weight: number): void {
  const { turnTokens, mostTurnsBehind, mostTurnsAhead, mostTenants } = FAIR_SHARE
  credits.delete(tenant) // the latest are last
  const bounded = Math.max(-mostTurnsBehind, Math.min(mostTurnsAhead, credit / (turnTokens * weight)))
  if (bounded !== 0) credits.set(tenant, bounded * turnTokens * weight)
  const [oldest] = credits.keys()
  if (credits.size > mostTenants && oldest !== undefined) credits.delete(oldest)
}
