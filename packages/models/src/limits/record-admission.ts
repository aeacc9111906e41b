import type { TargetState } from '@magictask/domain'
import type { Telemetry } from '@magictask/runtime'
import type { AdmissionParts } from './open-admission.ts'
import type { SlotAccount } from './slot-account.ts'

const STATE_VALUES: Readonly<Record<TargetState['state'], number>> = { closed: 0, ramping: 1, probing: 2, open: 3 }

/** Sets the gauges of an admission: its limits, its targets, and who waits. */
export function recordAdmission({ parts, telemetry }: { parts: AdmissionParts; telemetry: Telemetry }): void {
  telemetry.record('magictask_calls_waiting', parts.waiting.size, {})
  for (const account of parts.kinds.slots.values()) recordSlots(telemetry, account)
  for (const { target, health, limited } of parts.kinds.desks.values()) {
    const { provider, model } = target
    const { state, forced, revision } = health.state
    telemetry.record('magictask_breaker_state', STATE_VALUES[forced ?? state], { provider, model })
    if (revision > 0) recordSlots(telemetry, limited)
  }
}

function recordSlots(telemetry: Telemetry, { name: limit, held, used, wanted }: SlotAccount): void {
  telemetry.record('magictask_limit_slots', held, { limit, share: 'held' })
  telemetry.record('magictask_limit_slots', used, { limit, share: 'used' })
  telemetry.record('magictask_limit_slots', wanted, { limit, share: 'wanted' })
}
