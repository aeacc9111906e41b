import { type Route, type TargetName, TenantId } from '@magictask/domain'
import {
  type Admitted,
  type Answer,
  type CallWish,
  type OpenAdmission,
  openAdmission,
  type Target,
} from '@magictask/models'
import { openFleet } from '../src/fleet.ts'
import { ground, type setup } from './worker-under-test.ts'

/** A call that went well. */
export const answered: Answer = { kind: 'answered', json: '{}', provider: 'p', model: 'm', usage: {}, latencyMs: 5 }
/** A call that did not. */
export const down: Answer = { ...answered, kind: 'broke', fault: 'provider.unavailable', detail: '' }
/** A signal that never aborts. */
export const never = new AbortController().signal

/** A target that nobody asks: for what is decided before a call. */
export function targetOf(name: TargetName, more: Partial<Target> = {}): Target {
  const [provider = '', model = ''] = name.split('/')
  const capabilities = { structured: ['text'], vision: false, streaming: false } as const
  return {
    name,
    provider,
    model,
    capabilities,
    fingerprint: '',
    ask: () => Promise.reject(new Error('nobody asks it')),
    ...more,
  }
}

type Ground = Awaited<ReturnType<typeof setup>>

export interface Wishes {
  readonly slots?: number
  readonly all?: number
  readonly requestsPerMinute?: number
  /** By the order of the route; a number is the queue's limit at that provider. */
  readonly candidates?: Readonly<Record<TargetName, number | undefined>>
  readonly targets?: readonly Target[]
}

/** One worker's admission beside the others of the fleet. */
export async function openWorker(under: Ground, wishes: Wishes = {}) {
  const candidates = Object.entries(wishes.candidates ?? { 'p/m': undefined }).map(([name, maxWorkers], priority) => {
    const [provider = '', model = ''] = name.split('/')
    const target: TargetName = `${provider}/${model}`
    return { target, provider, model, priority, weight: 1, ...(maxWorkers === undefined ? {} : { maxWorkers }) }
  })
  const targets = wishes.targets ?? candidates.map(({ target }) => targetOf(target))
  const route: Route = { queue: 'text.free', strategy: 'priority', balance: 'weighted-round-robin', candidates }
  const workerId = await under.worker()
  const recovered: TargetName[] = []
  const fleet = openFleet({ db: under.db, workerId: () => workerId })
  const providers = new Map(
    wishes.requestsPerMinute === undefined ? [] : [['p', { requestsPerMinute: wishes.requestsPerMinute }]],
  )
  const admission = openAdmission({
    ...ground,
    targets: new Map(targets.map((target) => [target.name, target])),
    routes: new Map([['text.free', route]]),
    limits: { providers, magicTypes: new Map(), ...(wishes.all === undefined ? {} : { concurrency: wishes.all }) },
    slots: wishes.slots ?? 64,
    fleet,
    onRecovered: (target) => recovered.push(target),
  })
  const listening = fleet.listen(under.url, admission, ground)
  return {
    workerId,
    admission,
    recovered,
    async [Symbol.asyncDispose]() {
      await listening[Symbol.asyncDispose]()
      await admission[Symbol.asyncDispose]()
    },
  }
}

/** A call that anybody may want. */
export function wish(more: Partial<CallWish> = {}): CallWish {
  const needs = { contextTokens: 100, vision: false }
  return {
    queue: 'text.free',
    magicType: 'spam_check',
    tenant: TenantId.parse('t'),
    lane: 'normal',
    needs,
    without: new Set(),
    ...more,
  }
}

/** Waits for the right to make such a call. */
export async function admitted(admission: OpenAdmission, signal = never): Promise<Admitted> {
  const call = await admission.admit(wish(), signal)
  if (call === 'nobody-able') throw new Error('nobody is able')
  return call
}
