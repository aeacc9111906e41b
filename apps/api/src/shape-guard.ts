const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/** What a body of JSON may at most be, besides its bytes. */
export interface ShapeLimits {
  readonly nesting: number
  /** Members of the outermost list. */
  readonly members: number
}

export type Shape = 'fits' | 'too-deep' | 'too-many'

/**
 * Watches JSON go by, chunk by chunk, before anything parses it, and tells as soon as it is beyond a limit.
 * In UTF-8 no byte of a longer character looks like one of these, so chunks may be cut anywhere.
 */
export function createShapeGuard(limits: ShapeLimits): (chunk: Buffer) => Shape {
  let depth = 0
  let commas = 0
  let inText = false
  let escaped = false

  /** Gives where the text ends that begins before `from`, or the chunk's end. */
  function skipText(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      if (escaped) escaped = false
      else if (chunk[at] === BACKSLASH) escaped = true
      else if (chunk[at] === QUOTE) {
        inText = false
        return at
      }
    }
    return chunk.length
  }

  function takeStructure(byte: number | undefined): void {
    if (byte === COMMA) commas += depth === 1 ? 1 : 0
    else if (byte === QUOTE) inText = true
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1
  }

  return (chunk) => {
    for (let at = 0; at < chunk.length; at++) {
      if (inText) at = skipText(chunk, at)
      else takeStructure(chunk[at])
      if (depth > limits.nesting) return 'too-deep'
      if (commas >= limits.members) return 'too-many'
    }
    return 'fits'
  }
}
