import { setTimeout as delay } from 'node:timers/promises'
import type { TenantId } from '@magictask/domain'
import { type CatalogueState, catalogueStates, type Queries } from '@magictask/store'

/** How a tenant's catalogue stands now; undefined when there never was one. */
export type CurrentState = (tenant: TenantId) => Promise<CatalogueState | undefined>

/** Whoever asks within this time shares one statement. */
const LINGER_MS = 4

/** Asks the database at each use, so what was stored before a task was submitted is what the task sees; many at once share a statement. */
export function createCurrentState(db: Queries): CurrentState {
  let gathering: { readonly tenants: Set<TenantId>; readonly states: Promise<States> } | undefined
  const gather = () => {
    const tenants = new Set<TenantId>()
    const states = delay(LINGER_MS).then(() => {
      gathering = undefined
      return catalogueStates(db, [...tenants])
    })
    return { tenants, states }
  }
  return async (tenant) => {
    gathering ??= gather()
    gathering.tenants.add(tenant)
    return (await gathering.states).get(tenant)
  }
}

type States = ReadonlyMap<TenantId, CatalogueState>
