import type { Clock } from '@magictask/runtime'
import type { ConsumerOptions } from './broker.ts'
import type { MemoryLog } from './memory-log.ts'

/** Whom a partition belongs to for now. */
export interface ShareOwner {
  readonly decide: ConsumerOptions['decide']
  /** Aborted once it takes no more. */
  readonly gone: AbortSignal
  /** How often it has offered room: a decision that saw less room than there is now does not pause. */
  resumes: number
}

/** One partition as one group sees it: whose it is, how far it is decided, how far committed. */
export interface MemoryShare {
  isOf(owner: ShareOwner): boolean
  /** Gives it to another owner, who begins without a pause. */
  assign(owner: ShareOwner | undefined): void
  /** Decides what is there to decide, unless that is going on already. */
  wake(): void
  resume(): void
  /** Resolves once the decision in hand is made. */
  quiet(): Promise<void>
  commit(): void
  committed(): number
  /** Back to what was committed; a decision that is still in hand counts for nothing. */
  rewind(): void
}

interface MemoryShareDeps {
  readonly log: MemoryLog
  readonly start: number
  readonly clock: Clock
  readonly onCommit: () => void
}

export function createMemoryShare({ log, start, clock, onCommit }: MemoryShareDeps): MemoryShare {
  let owner: ShareOwner | undefined
  let position = start
  let committed = start
  let paused = false
  let turn: Promise<void> | undefined
  let rewinds = 0
  let commitIsDue = false

  function nextOwner(): ShareOwner | undefined {
    return position < log.end() && !paused && owner?.gone.aborted === false ? owner : undefined
  }

  function wake(): void {
    if (nextOwner() !== undefined) turn ??= decideAll(rewinds)
  }

  async function decideAll(life: number): Promise<void> {
    await nextTick() // what is published together is decided together
    for (let decider = nextOwner(); decider !== undefined && life === rewinds; decider = nextOwner()) {
      await decideOnce(decider, life)
      await nextTick()
    }
    if (life === rewinds) turn = undefined
  }

  async function decideOnce(decider: ShareOwner, life: number): Promise<void> {
    const records = log.read(position, RECORDS_AT_ONCE)
    const { resumes } = decider
    const count = await decider.decide(records).catch(() => undefined)
    if (life !== rewinds) return
    if (count === undefined) return clock.sleep(RETRY_MS, decider.gone)
    const last = records[Math.min(count, records.length) - 1]
    if (last !== undefined) position = Number(last.offset) + 1
    if (count < records.length && decider.resumes === resumes && owner === decider) paused = true
    commitSoon(life)
  }

  function commitSoon(life: number): void {
    if (commitIsDue) return
    commitIsDue = true
    void clock.sleep(COMMIT_MS, owner?.gone).then(() => {
      commitIsDue = false
      if (life === rewinds) commit()
    })
  }

  function commit(): void {
    committed = position
    onCommit()
  }

  return {
    isOf: (candidate) => candidate === owner,
    assign(next) {
      paused &&= next === owner
      owner = next
      wake()
    },
    wake,
    resume() {
      paused = false
      wake()
    },
    quiet: async () => turn,
    commit,
    committed: () => committed,
    rewind() {
      rewinds += 1
      position = committed
      turn = undefined
    },
  }
}

const RECORDS_AT_ONCE = 500
const COMMIT_MS = 1_000
const RETRY_MS = 1_000

function nextTick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
