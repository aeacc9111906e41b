import { createHash } from 'node:crypto'
import type { Exchange } from './route.ts'

const RETRY_AFTER_S = 1

/** Answers with a state as JSON text: with its ETag, as 304 if the caller has it already, and with `Retry-After` while it may change. */
export function sendState(
  { request, response }: Exchange,
  state: { readonly text: string; readonly ended: boolean },
): void {
  const etag = createHash('sha256').update(state.text).digest('base64url').slice(0, 27)
  response.set('ETag', `"${etag}"`)
  if (!state.ended) response.set('Retry-After', String(RETRY_AFTER_S))
  if (request.fresh) response.status(304).end()
  else response.type('json').send(state.text)
}
