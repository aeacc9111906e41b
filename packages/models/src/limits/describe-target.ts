import type { Note } from '@magictask/runtime'
import type { TargetDesk } from './target-desk.ts'

/** How a target stands here, in words: whether it is asked, and why not. */
export function describeTarget({ target, health, learnedPerSecond, inFlight }: TargetDesk, nowMs: number): Note {
  const { state, reason, most, forced } = health.state
  const dueInMs = health.dueInMs(nowMs)
  const parts = [
    forced === undefined ? state : `${forced}, by an admin`,
    ...(reason === undefined || state === 'closed' ? [] : [reason]),
    ...(state === 'open' && dueInMs !== undefined ? [`looked at again in ${Math.ceil(dueInMs / 1_000)} s`] : []),
    ...(most === undefined || state === 'closed' ? [] : [`at most ${most} at once`]),
    ...(learnedPerSecond === undefined ? [] : [`takes about ${learnedPerSecond.toFixed(1)} calls a second`]),
    `${inFlight} under way`,
  ]
  return { name: `target ${target.name}`, says: parts.join(', ') }
}
