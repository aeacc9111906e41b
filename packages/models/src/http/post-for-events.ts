import { isTree, type Tree } from '../config/layers.ts'
import type { Fetch } from './bounded-fetch.ts'
import { eventData } from './event-data.ts'
import { Refused } from './refused.ts'

/** One question over HTTP. */
export interface Question {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly signal: AbortSignal
}

/** Posts a question and gives the events of its answer, one by one. Throws `Refused` for the provider's own error, also for one in the middle. */
export async function postForEvents(
  fetch: Fetch,
  { url, headers, body, signal }: Question,
): Promise<AsyncGenerator<Tree>> {
  const sent = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, signal }
  const answered = await fetch(url, { ...sent, body: JSON.stringify(body) })
  if (!answered.ok || answered.body === null) throw await refusedBy(answered)
  return events(answered.body)
}

async function refusedBy(answered: Response): Promise<Refused> {
  const body: unknown = await answered.json().catch(() => undefined)
  return new Refused({ status: answered.status, headers: answered.headers, body })
}

async function* events(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Tree> {
  for await (const body of eventData(bytes)) {
    if (!isTree(body)) continue
    if (body.error !== undefined && body.error !== null) throw new Refused({ body })
    yield body
  }
}
