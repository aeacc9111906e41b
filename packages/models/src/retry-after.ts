/** What is needed of an answer's headers. */
export interface HeaderLookup {
  get(name: string): string | null
}

/** A provider may ask for more; a task that waits longer is better asked again in between. */
const LONGEST_MS = 3_600_000

/** How long an answer asks to wait: `retry-after-ms`, or `retry-after` in seconds or as an HTTP date; at most an hour. */
export function retryAfterMs(headers: HeaderLookup, now: Date): number | undefined {
  const waits = [
    numberIn(headers.get('retry-after-ms'), 1),
    numberIn(headers.get('retry-after'), 1_000),
    untilDate(headers.get('retry-after'), now),
  ]
  const waitMs = waits.find((wait) => wait !== undefined)
  return waitMs === undefined ? undefined : Math.min(Math.max(Math.ceil(waitMs), 0), LONGEST_MS)
}

function numberIn(text: string | null, unitMs: number): number | undefined {
  return text !== null && /^\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) * unitMs : undefined
}

function untilDate(text: string | null, now: Date): number | undefined {
  const atMs = Date.parse(text ?? '')
  return Number.isNaN(atMs) ? undefined : atMs - now.getTime()
}
