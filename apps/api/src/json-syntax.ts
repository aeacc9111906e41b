/** Where in a text the first thing stands that JSON does not allow. Asked only of texts that `JSON.parse` has refused. */
export function syntaxErrorAt(text: string): { readonly line: number; readonly column: number } {
  const at = firstWrong(text)
  let line = 1
  let lineStart = 0
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', end + 1)) {
    line += 1
    lineStart = end + 1
  }
  return { line, column: at - lineStart + 1 }
}

/** Thrown within this file only: recursion is left at once, with the place. */
class Wrong extends Error {
  readonly at: number

  constructor(at: number) {
    super()
    this.at = at
  }
}

function firstWrong(text: string): number {
  try {
    return skipBlanks(text, skipValue(text, skipBlanks(text, 0)))
  } catch (error) {
    if (error instanceof Wrong) return error.at
    throw error
  }
}

const WORD_OR_NUMBER = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

// Each function below takes where something begins and gives where it ends. They recurse no deeper than the body nests.

function skipValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return skipText(text, from)
  if (first === '[') return skipMembers(text, from, { close: ']', member: skipValue })
  if (first === '{') return skipMembers(text, from, { close: '}', member: skipPair })
  return skipPattern(text, from, WORD_OR_NUMBER)
}

interface Members {
  readonly close: ']' | '}'
  readonly member: (text: string, from: number) => number
}

function skipMembers(text: string, from: number, { close, member }: Members): number {
  let at = skipBlanks(text, from + 1)
  if (text[at] === close) return at + 1
  for (;;) {
    at = skipBlanks(text, member(text, at))
    if (text[at] === close) return at + 1
    if (text[at] !== ',') throw new Wrong(at)
    at = skipBlanks(text, at + 1)
  }
}

function skipPair(text: string, from: number): number {
  if (text[from] !== '"') throw new Wrong(from)
  const colon = skipBlanks(text, skipText(text, from))
  if (text[colon] !== ':') throw new Wrong(colon)
  return skipValue(text, skipBlanks(text, colon + 1))
}

/** Everything from the blank on, but quote and backslash. */
const PLAIN = /[ !#-[\]-\uffff]*/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

function skipText(text: string, from: number): number {
  let at = skipPattern(text, from + 1, PLAIN)
  while (text[at] !== '"') {
    if (text[at] !== '\\') throw new Wrong(at)
    at = skipPattern(text, skipPattern(text, at, ESCAPE), PLAIN)
  }
  return at + 1
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1
  return at
}

function skipPattern(text: string, from: number, pattern: RegExp): number {
  pattern.lastIndex = from
  if (!pattern.test(text)) throw new Wrong(from)
  return pattern.lastIndex
}
