import type { Clock } from '@magictask/runtime'
import type { ConsumerOptions, KillableConsumer } from './broker.ts'
import type { MemoryLog } from './memory-log.ts'
import { createMemoryShare, type ShareOwner } from './memory-share.ts'

/** The members of one group of one topic, and how far each partition is committed. */
export interface MemoryGroup {
  join(options: ConsumerOptions): KillableConsumer
  /** The partition has new records. */
  wake(partition: number): void
  committed(partition: number): number
}

interface MemoryGroupDeps {
  readonly logs: readonly MemoryLog[]
  readonly fromBeginning: boolean
  readonly clock: Clock
  readonly onCommit: (partition: number) => void
}

export function createMemoryGroup({ logs, fromBeginning, clock, onCommit }: MemoryGroupDeps): MemoryGroup {
  const members: Member[] = []
  const shares = logs.map((log, partition) =>
    createMemoryShare({ log, start: fromBeginning ? 0 : log.end(), clock, onCommit: () => onCommit(partition) }),
  )
  const sharesOf = (member: Member) => shares.filter((share) => share.isOf(member))

  function shareOut(): void {
    for (const [partition, share] of shares.entries()) share.assign(members[partition % members.length])
  }

  async function part(member: Member, how: 'leave' | 'kill'): Promise<void> {
    if (member.gone.aborted) return
    member.stop()
    const own = sharesOf(member)
    if (how === 'leave') await Promise.all(own.map((share) => share.quiet()))
    for (const share of own) how === 'leave' ? share.commit() : share.rewind()
    members.splice(members.indexOf(member), 1)
    shareOut()
  }

  return {
    join(options) {
      const member = createMember(options, clock)
      members.push(member)
      shareOut()
      let left: Promise<void> | undefined
      return {
        resume() {
          member.resumes += 1
          for (const share of sharesOf(member)) share.resume()
        },
        loop: { name: `consumer of ${options.topic}`, idleMs: member.idleMs },
        joined: () => !member.gone.aborted,
        kill: () => part(member, 'kill'),
        [Symbol.asyncDispose]() {
          left ??= part(member, 'leave')
          return left
        },
      }
    },
    wake: (partition) => shares[partition]?.wake(),
    committed: (partition) => shares[partition]?.committed() ?? 0,
  }
}

interface Member extends ShareOwner {
  /** How long its oldest decision in hand has taken so far. With nothing in hand it is waiting, not stuck. */
  idleMs(): number
  stop(): void
}

function createMember({ decide }: ConsumerOptions, clock: Clock): Member {
  const stopping = new AbortController()
  const begunMs = new Map<symbol, number>()
  return {
    async decide(records) {
      const decision = Symbol()
      begunMs.set(decision, clock.elapsedMs())
      try {
        return await decide(records)
      } finally {
        begunMs.delete(decision)
      }
    },
    gone: stopping.signal,
    resumes: 0,
    idleMs() {
      const [oldestMs] = begunMs.values()
      return oldestMs === undefined ? 0 : clock.elapsedMs() - oldestMs
    },
    stop: () => stopping.abort(),
  }
}
