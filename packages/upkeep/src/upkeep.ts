import type { Loop } from '@magictask/runtime'
import { type AnnounceDeps, startAnnouncer } from './announce.ts'
import { startExpiry, startHousekeeping } from './housekeeping.ts'
import { type RelayDeps, startRelay } from './relay.ts'
import { type RescueDeps, startRescue } from './rescue.ts'

/** The loops that keep every promise whoever dies. Disposing waits for their turns in hand. */
export interface Upkeep extends AsyncDisposable {
  readonly loops: readonly Loop[]
}

/** Starts all of upkeep: api and worker alike run it, so that either alone is enough. */
export function startUpkeep(deps: RelayDeps & RescueDeps & AnnounceDeps): Upkeep {
  const loops = [startRelay(deps), startAnnouncer(deps), startRescue(deps), startExpiry(deps), startHousekeeping(deps)]
  return {
    loops,
    async [Symbol.asyncDispose]() {
      await Promise.all(loops.map((loop) => loop[Symbol.asyncDispose]()))
    },
  }
}
