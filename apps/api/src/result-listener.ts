import { randomUUID } from 'node:crypto'
import type { Broker, Consumer, WantedTopics } from '@magictask/kafka'
import { type Clock, type Log, type Loop, startLoop } from '@magictask/runtime'
import type { Waiters } from './waiters.ts'

interface ListenerDeps {
  readonly broker: Broker
  /** The result topic. */
  readonly topic: string
  /** Made first, as far as they are missing: with the broker away at start, nobody else may have done it. */
  readonly wantedTopics: WantedTopics
  readonly waiters: Pick<Waiters, 'taskEnded'>
  readonly clock: Clock
  readonly log: Log
}

const LOOK_MS = 5_000
const LONGEST_TURN_MS = 2_000

/**
 * Hears of every result, in a group of this process alone, and wakes who waits for it. It reads no value: PostgreSQL
 * tells what became of the task. A consumer that dies is replaced; without one, waiters are re-read every second all
 * the same.
 */
export function startResultListener(deps: ListenerDeps): Loop {
  let consumer: Consumer | undefined
  const loop = startLoop({
    name: 'result listener',
    clock: deps.clock,
    pauseMs: LOOK_MS,
    turn: async (stop) => {
      if (consumer !== undefined) return
      await deps.broker.ensureTopics(deps.wantedTopics)
      if (stop.aborted) return
      consumer = await startConsumer(deps, () => {
        consumer = undefined
      })
    },
    onError: (error) => deps.log.warn('results cannot be listened to; waiters are re-read every second', {}, error),
  })
  return {
    ...loop,
    async [Symbol.asyncDispose]() {
      // A broker that is away may hold a turn for half a minute; nobody waits for that.
      await Promise.race([loop[Symbol.asyncDispose](), deps.clock.sleep(LONGEST_TURN_MS)])
      await consumer?.[Symbol.asyncDispose]()
    },
  }
}

function startConsumer({ broker, topic, waiters, log }: ListenerDeps, onDead: () => void): Promise<Consumer> {
  return broker.startConsumer({
    topic,
    group: `api-results-${randomUUID()}`,
    fromBeginning: false,
    deleteGroupOnLeave: true,
    decide: async (records) => {
      for (const { key } of records) if (key !== null) waiters.taskEnded(key.toString('latin1'))
      return records.length
    },
    onCrash: (error) => {
      log.error('the consumer of results died and is replaced', {}, error)
      onDead()
    },
  })
}
