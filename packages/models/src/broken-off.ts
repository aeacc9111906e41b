import type { TokenUsage } from './ask.ts'

/** A call that broke after the provider had counted tokens of it: the counts until then, and as its cause what was thrown. */
export class BrokenOff extends Error {
  override readonly name = 'BrokenOff'
  readonly usage: TokenUsage

  constructor(usage: TokenUsage, cause: unknown) {
    super('the call broke off', { cause })
    this.usage = usage
  }
}
