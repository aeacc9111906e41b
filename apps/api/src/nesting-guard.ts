const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Watches JSON go by, chunk by chunk, before anything parses it. Gives false as soon as it nests deeper than `limit`.
 * In UTF-8 no byte of a longer character looks like one of these, so chunks may be cut anywhere.
 */
export function createNestingGuard(limit: number): (chunk: Uint8Array) => boolean {
  let depth = 0
  let inText = false
  let escaped = false

  function takeText(byte: number): void {
    if (escaped) escaped = false
    else if (byte === BACKSLASH) escaped = true
    else if (byte === QUOTE) inText = false
  }

  function takeStructure(byte: number): void {
    if (byte === QUOTE) inText = true
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1
  }

  return (chunk) => {
    for (const byte of chunk) {
      if (inText) takeText(byte)
      else takeStructure(byte)
      if (depth > limit) return false
    }
    return true
  }
}
