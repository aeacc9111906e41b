import { POISON, type TaskId, type WorkerId } from '@magictask/domain'
import { type Claim, claimTasks, type Database, type Offer } from '@magictask/store'

export interface ClaimDeps {
  readonly db: Database
  readonly workerId: () => WorkerId
  readonly suspectRoom: () => number
}

interface Waiting {
  readonly offers: readonly Offer[]
  readonly resolve: (claims: readonly Claim[]) => void
  readonly reject: (error: unknown) => void
}

/**
 * Claims what several partitions offer in one statement: one at a time, and what is offered meanwhile shares the
 * next. Answers in the order of the offers.
 */
export function createClaimer(deps: ClaimDeps): (offers: readonly Offer[]) => Promise<readonly Claim[]> {
  let waiting: Waiting[] = []
  let claiming = false

  async function claimAll(): Promise<void> {
    while (waiting.length > 0) await claimRound()
    claiming = false
  }

  async function claimRound(): Promise<void> {
    const round = waiting
    waiting = []
    try {
      const claims = await claimOnce(
        deps,
        round.flatMap(({ offers }) => offers),
      )
      let from = 0
      for (const { offers, resolve } of round) {
        resolve(claims.slice(from, from + offers.length))
        from += offers.length
      }
    } catch (error) {
      for (const { reject } of round) reject(error)
    }
  }

  return (offers) =>
    new Promise((resolve, reject) => {
      waiting.push({ offers, resolve, reject })
      if (claiming) return
      claiming = true
      setImmediate(claimAll)
    })
}

/** The same record twice in one round is claimed once: the second of the two is skipped. */
async function claimOnce(deps: ClaimDeps, offers: readonly Offer[]): Promise<readonly Claim[]> {
  const keyOf = (offer: Offer) => `${offer.taskId} ${offer.payloadHash.toString('base64')}`
  const distinct = new Map(offers.map((offer) => [keyOf(offer), offer]))
  const claims = await claimTasks(deps.db, {
    workerId: deps.workerId(),
    offers: [...distinct.values()],
    suspectRoom: deps.suspectRoom(),
    suspectFrom: POISON.suspectFrom,
  })
  const claimOf = new Map([...distinct.keys()].map((key, at) => [key, claims[at]]))
  return offers.map((offer) => {
    const claim = claimOf.get(keyOf(offer))
    claimOf.delete(keyOf(offer))
    return claim ?? skipped(offer.taskId)
  })
}

function skipped(taskId: TaskId): Claim {
  return { kind: 'skipped', taskId }
}
