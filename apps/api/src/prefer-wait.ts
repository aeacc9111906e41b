import { readWaitSeconds } from '@magictask/contracts'
import type { Exchange } from './route.ts'
import type { Awaited, Waiters } from './waiters.ts'

/**
 * Holds an answer back as `Prefer: wait=N` asks: until the work has ended, the time is over, or the process stops.
 * Gives whether it was held back, and so has to be read again.
 */
export async function preferWait({ request, response }: Exchange, waiters: Waiters, what: Awaited): Promise<boolean> {
  const seconds = readWaitSeconds(request.get('prefer'))
  if (seconds === undefined) return false
  response.setHeader('Preference-Applied', `wait=${seconds}`)
  if (seconds === 0) return false
  const gone = new AbortController()
  const hungUp = () => gone.abort()
  response.once('close', hungUp)
  try {
    await waiters.untilEnded(what, { waitMs: seconds * 1_000, gone: gone.signal })
    return true
  } finally {
    response.off('close', hungUp)
  }
}
