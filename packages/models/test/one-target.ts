import { type Clock, systemClock } from '@magictask/runtime'
import { openTargets, readModelsConfig, type Target } from '../src/index.ts'

/** The one target that an environment leaves for free text. */
export async function oneTarget(env: Record<string, string>, clock: Clock = systemClock): Promise<Target> {
  const { targets, routes } = await openTargets(readModelsConfig(env), { clock })
  const [candidate] = routes.get('text.free')?.candidates ?? []
  const target = candidate === undefined ? undefined : targets.get(candidate.target)
  if (target === undefined) throw new Error('this environment leaves nobody to answer')
  return target
}
