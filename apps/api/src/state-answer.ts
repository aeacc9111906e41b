import { createHash } from 'node:crypto'
import type { Exchange } from './route.ts'

const RETRY_AFTER_S = 1
const ETAG_CHARACTERS = 27

interface State {
  /** As JSON. */
  readonly text: string
  /** Whether it will never change again. */
  readonly ended: boolean
}

/** Answers with a state: with its ETag, as 304 if the caller has it already, and with `Retry-After` while it may change. */
export function sendState({ request, response }: Exchange, { text, ended }: State): void {
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, ETAG_CHARACTERS)}"`
  response.set('ETag', etag)
  if (!ended) response.set('Retry-After', String(RETRY_AFTER_S))
  if (names(request.get('if-none-match'), etag)) response.status(304).end()
  else response.type('json').send(text)
}

/**
 * Whether an `If-None-Match` names this state (RFC 9110, 13.1.2). Express would not look where `Cache-Control: no-cache`
 * stands beside it, which `fetch` adds by itself.
 */
function names(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
