import type { TargetState } from '@magictask/domain'
import type { Telemetry } from '@magictask/runtime'
import type { AdmissionParts } from './open-admission.ts'
import { slotAccounts } from './trade-accounts.ts'

const STATE_VALUES: Readonly<Record<TargetState['state'], number>> = { closed: 0, ramping: 1, probing: 2, open: 3 }

/** Sets the gauges of an admission: its limits, its targets, and who waits. */
export function recordAdmission({ parts, telemetry }: { parts: AdmissionParts; telemetry: Telemetry }): void {
  telemetry.record('magictask_calls_waiting', parts.waiting.size, {})
  for (const { target, health } of parts.kinds.desks.values()) {
    const { provider, model } = target
    const { state, forced } = health.state
    telemetry.record('magictask_breaker_state', STATE_VALUES[forced ?? state], { provider, model })
  }
  for (const { name: limit, cap, held, used, wanted } of slotAccounts(parts)) {
    if (cap === 0 && held === 0) continue
    telemetry.record('magictask_limit_slots', held, { limit, share: 'held' })
    telemetry.record('magictask_limit_slots', used, { limit, share: 'used' })
    telemetry.record('magictask_limit_slots', wanted, { limit, share: 'wanted' })
  }
}
