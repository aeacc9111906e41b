import type { Share } from '@magictask/domain'

/** How many calls of each share are under way; those that have none take no room. */
export class ShareCounts {
  readonly #counts = new Map<string, Share & { readonly calls: number }>()

  of({ lane, tenant }: Share): number {
    return this.#counts.get(keyOf(lane, tenant))?.calls ?? 0
  }

  add({ lane, tenant }: Share, calls: number): void {
    const left = this.of({ lane, tenant }) + calls
    if (left > 0) this.#counts.set(keyOf(lane, tenant), { lane, tenant, calls: left })
    else this.#counts.delete(keyOf(lane, tenant))
  }

  clear(): void {
    this.#counts.clear()
  }

  all(): readonly (Share & { readonly calls: number })[] {
    return [...this.#counts.values()]
  }
}

const keyOf = (lane: string, tenant: string) => `${lane} ${tenant}`
