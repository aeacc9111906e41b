import { z } from 'zod'
import { startChild } from './child.ts'
import { SLOTS } from './sizes.ts'

const Loop = z.object({ cpuMs: z.number(), wallMs: z.number() })
/** What a bare loop cost. */
export type Loop = z.infer<typeof Loop>

/** Runs a loop in a process of its own, as many calls at once as a worker has slots. */
export async function runBaseline(
  which: 'langchain' | 'fetch' | 'ask' | 'cache-hit',
  { baseUrl, warmUp, calls }: { readonly baseUrl: string; readonly warmUp: number; readonly calls: number },
): Promise<Loop> {
  await using loop = await startChild('baselines', [which, baseUrl, ...[warmUp, calls, SLOTS].map(String)])
  return Loop.parse(loop.said)
}
