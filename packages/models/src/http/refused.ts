import type { HeaderLookup } from '../retry-after.ts'

/** An answer that is the provider's own error, by its status or in the middle of a stream: `fault-from-provider.ts` classifies it. */
export class Refused extends Error {
  override readonly name = 'Refused'
  /** Undefined in the middle of a stream. */
  readonly status: number | undefined
  readonly headers: HeaderLookup | undefined
  /** The body of the answer where it is JSON: it may hold the prompt and the key, and goes no further. */
  readonly body: unknown

  constructor(refusal: {
    readonly status?: number
    readonly headers?: HeaderLookup
    readonly body: unknown
  }) {
    super('the provider answered with an error')
    this.status = refusal.status
    this.headers = refusal.headers
    this.body = refusal.body
  }
}
