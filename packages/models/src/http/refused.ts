import { z } from 'zod'
import type { HeaderLookup } from '../retry-after.ts'
import type { HttpReply } from './http-post.ts'

/** An answer with a status that is no success: what `fault-from-provider.ts` classifies by. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  /** What the provider calls it, in its own words; undefined where it does not say. */
  readonly code: string | undefined
  readonly headers: HeaderLookup

  constructor({ status, headers, body }: HttpReply) {
    super(`status ${status}`)
    this.status = status
    this.headers = headers
    this.code = codeIn(body)
  }
}

const word = z.string().max(80)
const Said = z.object({
  error: z.object({ code: word.optional().catch(undefined), type: word.optional().catch(undefined) }),
})

function codeIn(body: Buffer): string | undefined {
  try {
    const { code, type } = Said.parse(JSON.parse(body.toString('utf8'))).error
    return code ?? type
  } catch {
    return undefined
  }
}
