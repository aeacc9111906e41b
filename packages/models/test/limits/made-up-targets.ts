import {
  type Candidate,
  type Lane,
  type Queue,
  type Route,
  type SlotGrant,
  type TargetName,
  TenantId,
} from '@magictask/domain'
import { testClock } from '@magictask/runtime'
import type { CallWish } from '../../src/admission.ts'
import type { Target } from '../../src/target.ts'

/** A target that nobody asks: for what is decided before a call. */
export function targetNamed(name: TargetName, more: Partial<Target> = {}): Target {
  const [provider = '', model = ''] = name.split('/')
  return {
    name,
    provider,
    model,
    capabilities: { structured: ['text'], vision: false, streaming: false },
    fingerprint: '',
    ask: () => Promise.reject(new Error('nobody asks it')),
    ...more,
  }
}

/** A candidate of a route, of the priority that its place says. */
export function candidateOf(target: TargetName, priority: number, maxWorkers?: number): Candidate {
  const { provider, model } = targetNamed(target)
  return { target, provider, model, priority, weight: 1, ...(maxWorkers === undefined ? {} : { maxWorkers }) }
}

/** A route by priority. */
export function routeOf(queue: Queue, ...candidates: readonly Candidate[]): Route {
  return { queue, strategy: 'priority', balance: 'weighted-round-robin', candidates }
}

/** A call of a tenant, of a hundred tokens. */
export function wishOf(tenant: string, lane: Lane = 'normal'): CallWish {
  return {
    queue: 'text.paid',
    magicType: 'spam_check',
    tenant: TenantId.parse(tenant),
    lane,
    needs: { contextTokens: 100, vision: false },
    without: new Set(),
  }
}

/** Of accounts that wait for nobody: time stands still. */
export const STILL = { clock: testClock('2026-01-01T00:00:00Z') }

/** What the fleet answers, where nobody else is. */
export function grantOf(more: Partial<SlotGrant>): SlotGrant {
  return { name: 'all', held: 0, excess: 0, needed: 0, share: 1, free: 0, others: [], ...more }
}
