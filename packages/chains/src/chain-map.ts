import type { Chain } from './chain.ts'
import { sentimentDetect } from './sentiment-detect.ts'
import { skuMapping } from './sku-mapping.ts'
import { spamCheck } from './spam-check.ts'
import { titleOptimize } from './title-optimize.ts'

/** Every chain, by its magicType. Adding one is a file and a line here. */
export const CHAINS: ReadonlyMap<string, Chain> = new Map(
  [titleOptimize, sentimentDetect, spamCheck, skuMapping].map((chain) => [chain.magicType, chain]),
)

/** Every magicType that there is. */
export const MAGIC_TYPES: readonly string[] = [...CHAINS.keys()]

/** The chain of a magicType; undefined when there is none of that name. */
export function chainFor(magicType: string): Chain | undefined {
  return CHAINS.get(magicType)
}
