import type { SkuCatalogue } from '@magictask/chains'
import type { Publisher, TopicNames } from '@magictask/kafka'
import type { Clock, Log, Telemetry } from '@magictask/runtime'
import type { Database } from '@magictask/store'
import type { Waiters } from './waiters.ts'
import type { WaitingRoom } from './waiting-room.ts'

/** What the routes work with. */
export interface ApiDeps {
  readonly db: Database
  readonly publisher: Publisher
  readonly topics: TopicNames
  readonly magicTypes: readonly string[]
  readonly catalogue: SkuCatalogue
  readonly waiters: Waiters
  readonly room: WaitingRoom
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: Telemetry
}
