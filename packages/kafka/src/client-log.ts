import type { Clock, Log } from '@magictask/runtime'
import type { LogEntry } from 'kafkajs'

/**
 * Takes what kafkajs has to say, as warnings: what it cannot mend itself comes as a crash, not as a line. Left out is
 * what belongs to every start and every rebalance; the same sentence comes once in half a minute, with how often it
 * was said, so that a broker that is away does not fill the log.
 */
export function clientLog(deps: { readonly log: Log; readonly clock: Clock }): (entry: LogEntry) => void {
  const said = new Map<string, { atMs: number; times: number }>()
  return ({ namespace, log: { message, broker, groupId, error } }) => {
    const says = typeof error === 'string' ? `${message}: ${error}` : message
    if (HARMLESS.test(says)) return
    const nowMs = deps.clock.elapsedMs()
    const last = said.get(says)
    if (last !== undefined && nowMs - last.atMs < REPEAT_MS) {
      last.times += 1
      return
    }
    if (said.size >= SENTENCES) said.clear()
    said.set(says, { atMs: nowMs, times: 0 })
    const unsaid = last === undefined || last.times === 0 ? undefined : last.times
    deps.log.warn('the Kafka client reports', { part: namespace, says, unsaid, ...texts({ broker, groupId }) })
  }
}

const REPEAT_MS = 30_000
const SENTENCES = 200

/**
 * The first join makes the offsets topic, a new topic elects its leaders, a member that comes or goes makes all rejoin,
 * and the pool of brokers repeats what its connection has said.
 */
const HARMLESS = new RegExp(
  [
    'group coordinator is not available',
    'no leader for this topic-partition as we are in the middle of a leadership election',
    'does not host this topic-partition',
    'is not the leader for that topic-partition',
    'is not the correct coordinator',
    'Response without match',
    'Failed to connect to seed broker',
    'is rebalancing',
    'coordinator is loading',
    'coordinator is not aware of this member',
    'Topic with this name already exists',
    'specified group generation id is not valid',
    'group member needs to have a valid member id',
  ].join('|'),
  'i',
)

function texts(facts: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
