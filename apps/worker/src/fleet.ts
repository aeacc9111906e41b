import type { WorkerId } from '@magictask/domain'
import type { Fleet, OpenAdmission } from '@magictask/models'
import type { Clock, Log } from '@magictask/runtime'
import { addLearned, CHANNELS, changeTarget, type Database, listen, readTargets, tradeLimits } from '@magictask/store'

export interface FleetDeps {
  readonly db: Database
  readonly workerId: () => WorkerId
}

/** What workers share, kept in PostgreSQL; and what they tell each other there. */
export interface PostgresFleet extends Fleet {
  /** Tells an admission of what the others do, until it is disposed. */
  listen(url: string, admission: Heard, deps: { readonly clock: Clock; readonly log: Log }): AsyncDisposable
}

type Heard = Pick<OpenAdmission, 'limitMoved' | 'targetMoved'>

/** The fleet whose database this is, for the worker that has this id now. */
export function openFleet({ db, workerId }: FleetDeps): PostgresFleet {
  return {
    trade: (trade) => tradeLimits(db, workerId(), trade),
    readTargets: () => readTargets(db),
    changeTarget: (change) => changeTarget(db, change),
    addLearned: (bucket, perSecond) => addLearned(db, bucket, perSecond),
    listen: (url, admission, { clock, log }) =>
      listen({
        url,
        name: 'magictask-listen',
        channels: [CHANNELS.limits, CHANNELS.targets],
        onNotice: (channel, name) =>
          channel === CHANNELS.limits ? admission.limitMoved(name) : admission.targetMoved(),
        onListening: () => {
          admission.limitMoved()
          admission.targetMoved()
        },
        onError: (error) => log.warn('the connection that listens broke and is made anew', {}, error),
        clock,
      }),
  }
}
