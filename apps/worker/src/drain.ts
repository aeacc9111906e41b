import type { Consumer } from '@magictask/kafka'
import type { Clock, Log } from '@magictask/runtime'
import type { Lease } from './lease.ts'
import type { Ledger } from './ledger.ts'
import type { ResultsPublisher } from './results-publisher.ts'
import type { Runner } from './runner.ts'
import { type RunningTasks, stop } from './running-tasks.ts'

export interface DrainDeps {
  readonly consumers: readonly Consumer[]
  readonly running: RunningTasks
  readonly runner: Runner
  readonly graceMs: number
  /** What works beside the tasks; until they have ended it is of use to them. */
  readonly loops: readonly AsyncDisposable[]
  readonly ledger: Ledger
  readonly results: ResultsPublisher
  readonly lease: Lease
  readonly clock: Clock
  readonly log: Log
}

/** A database or broker that is away must not keep a process from ending: what is not written is rescued. */
const WRITE_GRACE_MS = 5_000

/**
 * Ends a worker in the order that pays for nothing twice: takes nothing more and leaves the groups at once, so that the
 * others go on without a pause; finishes the calls in flight within the grace time; gives back what that cuts
 * off, uncounted; writes and publishes; takes the lease away last, for until then the tasks are its own.
 */
export async function drain(deps: DrainDeps): Promise<void> {
  const { clock, log, running } = deps
  await Promise.all(deps.consumers.map((consumer) => consumer[Symbol.asyncDispose]()))
  log.info('left the groups; finishing what runs', { running: running.size, grace_ms: deps.graceMs })
  await within(clock, deps.graceMs, deps.runner.idle())

  if (running.size > 0) log.warn('the grace time is over; giving back what still runs', { running: running.size })
  for (const task of running.values()) stop(task, 'shutdown')
  await within(clock, WRITE_GRACE_MS, deps.runner.idle())
  await within(clock, WRITE_GRACE_MS, deps.ledger[Symbol.asyncDispose]())
  await within(clock, WRITE_GRACE_MS, deps.results.idle())
  await within(clock, WRITE_GRACE_MS, Promise.all(deps.loops.map((loop) => loop[Symbol.asyncDispose]())))
  await within(clock, WRITE_GRACE_MS, deps.lease[Symbol.asyncDispose]())
}

async function within(clock: Clock, ms: number, work: PromiseLike<unknown>): Promise<void> {
  const done = new AbortController()
  await Promise.race([work, clock.sleep(ms, done.signal)])
  done.abort()
}
