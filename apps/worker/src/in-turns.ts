import type { ConsumerOptions } from '@magictask/kafka'

type Decide = ConsumerOptions['decide']

/**
 * Lets partitions that are fetched together go in turns, the one first that took something longest ago: they come in the
 * same order each time, and the first would take all the room again and again.
 */
export function inTurns(decide: Decide): Decide {
  const tookAt = new Map<number, number>()
  let asking: { readonly partition: number; readonly go: () => void }[] = []
  let turns = 0

  function goInOrder(): void {
    const inOrder = asking.sort((a, b) => (tookAt.get(a.partition) ?? 0) - (tookAt.get(b.partition) ?? 0))
    asking = []
    for (const { go } of inOrder) go()
  }

  return async (records) => {
    const partition = records[0]?.partition ?? 0
    await new Promise<void>((go) => {
      if (asking.length === 0) setImmediate(goInOrder)
      asking.push({ partition, go })
    })
    const taken = await decide(records)
    if (taken > 0) tookAt.set(partition, ++turns)
    return taken
  }
}
