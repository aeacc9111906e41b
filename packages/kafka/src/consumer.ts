import { startLoop } from '@magictask/runtime'
import type { ConsumerOptions, KillableConsumer } from './broker.ts'
import type { KafkaCluster } from './connect.ts'
import { type GroupMember, joinGroup } from './group-member.ts'
import { deleteKafkaGroup } from './topics.ts'

/** Keeps a member in the group: joins in the background, and anew whenever the broker was lost, until it is disposed. */
export function startKafkaConsumer(cluster: KafkaCluster, options: ConsumerOptions): KillableConsumer {
  const { clock, log } = cluster
  const stopping = new AbortController()
  let member: GroupMember | undefined
  let turnedAtMs = clock.elapsedMs()
  const onTurn = () => {
    turnedAtMs = clock.elapsedMs()
  }

  async function stayInGroup(): Promise<void> {
    while (!stopping.signal.aborted) {
      onTurn()
      member = joinGroup({ cluster, options, onTurn })
      const ended = await member.ended
      if (ended === 'left') return
      if (ended !== 'lost') return options.onCrash(ended.broke)
      await clock.sleep(REJOIN_MS, stopping.signal)
    }
  }

  const staying = stayInGroup()
  const commits = startLoop({
    name: `commits of ${options.group}`,
    clock,
    pauseMs: COMMIT_MS,
    turn: async () => member?.commit(),
    onError: (error) => log.error('the loop of commits broke', { group: options.group }, error),
  })

  async function close(end: (member: GroupMember) => Promise<void>): Promise<void> {
    stopping.abort()
    if (member !== undefined) await end(member)
    await Promise.all([staying, commits[Symbol.asyncDispose]()])
  }

  let left: Promise<void> | undefined
  return {
    resume: () => member?.resume(),
    loop: { name: `consumer of ${options.topic}`, idleMs: () => clock.elapsedMs() - turnedAtMs },
    joined: () => member?.joined() ?? false,
    kill: () => close(async (killed) => killed.kill()),
    [Symbol.asyncDispose]() {
      left ??= close((leaver) => leaver.leave()).then(() =>
        options.deleteGroupOnLeave === true ? deleteKafkaGroup(cluster, options.group) : undefined,
      )
      return left
    },
  }
}

const REJOIN_MS = 500
const COMMIT_MS = 1_000
