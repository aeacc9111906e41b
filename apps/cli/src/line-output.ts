import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Lines for another program to read. */
export interface LineOutput {
  /** Resolves when there is room for more, so that a slow reader is waited for and not written ahead of. */
  write(line: string): Promise<void>
}

export function createLineOutput(stream: Writable, signal: AbortSignal): LineOutput {
  return {
    async write(line) {
      signal.throwIfAborted()
      if (!stream.write(`${line}\n`)) await once(stream, 'drain', { signal })
    },
  }
}
