const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/** By byte, how much deeper it leads outside of texts. */
const STEP = new Int8Array(256)
for (const opening of [OPEN_LIST, OPEN_OBJECT]) STEP[opening] = 1
for (const closing of [CLOSE_LIST, CLOSE_OBJECT]) STEP[closing] = -1

/** What a body of JSON may at most be, besides its bytes. */
export interface ShapeLimits {
  readonly nesting: number
  /** Members of the outermost list. */
  readonly members: number
}

/** Whether JSON is within the limits, and which one it broke if not. */
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

  /** Gives where the text ends within the chunk, or the chunk's end. */
  function skipText(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]
      if (escaped) escaped = false
      else if (byte === BACKSLASH) escaped = true
      else if (byte === QUOTE) {
        inText = false
        return at
      }
    }
    return chunk.length
  }

  /** Gives where a text begins within the chunk or a limit is passed, or the chunk's end. */
  function skipStructure(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      depth += STEP[byte] ?? 0
      if (byte === COMMA && depth === 1) commas += 1
      if (byte === QUOTE) inText = true
      if (inText || depth > limits.nesting || commas >= limits.members) return at
    }
    return chunk.length
  }

  return (chunk) => {
    for (let at = 0; at < chunk.length; at++) {
      at = inText ? skipText(chunk, at) : skipStructure(chunk, at)
      if (depth > limits.nesting) return 'too-deep'
      if (commas >= limits.members) return 'too-many'
    }
    return 'fits'
  }
}
