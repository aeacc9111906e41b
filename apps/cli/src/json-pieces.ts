/** The text is not one JSON array or object. */
export class NotOneValue extends Error {
  override readonly name = 'NotOneValue'
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const CLOSED_BY: Readonly<Record<number, number>> = { 91: 0x5d, 123: 0x7d }
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])
const BLANK = /^\s*$/

/**
 * Cuts a JSON array or object at its commas, without reading what stands between them: each piece is the text as it
 * came. The text arrives in parts of any size, and no more than one piece is held.
 */
export class JsonPieces {
  #depth = 0
  #inString = false
  #escaped = false
  #piece = ''
  #pieces = 0
  #closedBy: number | undefined

  /** The length of the piece that is not yet whole. */
  get heldCharacters(): number {
    return this.#piece.length
  }

  /** The pieces that this part of the text completes. Throws `NotOneValue` for text before or after the one value. */
  *push(text: string): Generator<string> {
    let from = 0
    for (let at = 0; at < text.length; at++) {
      const ends = this.#endsPiece(text, at)
      if (ends === 'no') continue
      const piece = this.#piece + text.slice(from, at)
      this.#piece = ''
      from = at + 1
      if (ends === 'before-first') continue
      if (ends === 'last' && this.#pieces === 0 && BLANK.test(piece)) continue // empty brackets
      this.#pieces += 1
      yield piece
    }
    if (this.#depth > 0) this.#piece += text.slice(from)
  }

  /** Throws `NotOneValue` if the text has ended before its last bracket. */
  end(): void {
    if (this.#closedBy === undefined) throw new NotOneValue('is empty')
    if (this.#depth > 0) throw new NotOneValue('ends before its last bracket')
  }

  #endsPiece(text: string, at: number): 'no' | 'before-first' | 'between' | 'last' {
    const code = text.charCodeAt(at)
    if (this.#inString) {
      this.#passString(code)
      return 'no'
    }
    if (this.#depth === 0) return this.#begin(code, text, at)
    if (code === QUOTE) this.#inString = true
    else if (code === COMMA && this.#depth === 1) return 'between'
    else if (OPENING.has(code)) this.#depth += 1
    else if (CLOSING.has(code)) return this.#close(code)
    return 'no'
  }

  #passString(code: number): void {
    if (this.#escaped) this.#escaped = false
    else if (code === BACKSLASH) this.#escaped = true
    else if (code === QUOTE) this.#inString = false
  }

  #begin(code: number, text: string, at: number): 'no' | 'before-first' {
    if (BLANK.test(text.charAt(at))) return 'no'
    if (this.#closedBy !== undefined) throw new NotOneValue('goes on after its last bracket')
    if (!OPENING.has(code)) throw new NotOneValue('does not begin with a bracket')
    this.#closedBy = CLOSED_BY[code]
    this.#depth = 1
    return 'before-first'
  }

  #close(code: number): 'no' | 'last' {
    this.#depth -= 1
    if (this.#depth > 0) return 'no'
    if (code !== this.#closedBy) throw new NotOneValue('ends with the wrong bracket')
    return 'last'
  }
}
