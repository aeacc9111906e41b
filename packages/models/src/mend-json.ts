import { jsonrepair } from 'jsonrepair'

/** What a text that is not JSON turned out to hold: values that stand in it; or that it ends in the middle of one, or of a thought. */
export type Mended = { readonly kind: 'values'; readonly values: readonly unknown[] } | { readonly kind: 'cut-off' }

/**
 * Finds the JSON in what a model said around it: in a code fence, between sentences, or written nearly right (single
 * quotes, a comma too many, a comment). An end is never invented: a text that stops inside an object, an array, a string
 * or a thought is `cut-off`, whatever stands before. Takes time in proportion to the text, however hostile it is.
 */
export function mendJson(text: string): Mended {
  const said = afterThoughts(text)
  const spans = isThinking(said) ? undefined : spansIn(said)
  if (spans === undefined) return { kind: 'cut-off' }
  return { kind: 'values', values: spans.flatMap((span) => readSpan(span)) }
}

/** Some models think aloud first; a draft in there is not the answer. */
function afterThoughts(text: string): string {
  const end = text.lastIndexOf(THOUGHTS_END)
  return end < 0 ? text : text.slice(end + THOUGHTS_END.length)
}

const THOUGHTS_END = '</think>'

/** Whether a thought begins before any value, and never ends. In a value the word is text. */
function isThinking(text: string): boolean {
  const thought = text.indexOf('<think>')
  const value = nextOpening(text, 0)
  return thought >= 0 && (value < 0 || thought < value)
}

/** An answer comes late; a text of a million brackets is none. */
const MOST_SPANS = 4

/** The outermost objects and arrays of a text, the last ones; undefined when it ends inside one. */
function spansIn(text: string): readonly string[] | undefined {
  const spans: string[] = []
  let at = nextOpening(text, 0)
  while (at >= 0) {
    const end = endOfValue(text, at)
    if (end === undefined) return undefined
    spans.push(text.slice(at, end))
    if (spans.length > MOST_SPANS) spans.shift()
    at = nextOpening(text, end)
  }
  return spans
}

const OPENING = /[{[]/g

function nextOpening(text: string, from: number): number {
  OPENING.lastIndex = from
  return OPENING.exec(text)?.index ?? -1
}

/** Where the value that opens at `from` ends; undefined when it does not. Brackets in strings are text. */
function endOfValue(text: string, from: number): number | undefined {
  let depth = 0
  let before = ''
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at)
    if (opensString(character, before)) at = endOfString(text, at)
    else depth += DEEPER_BY.get(character) ?? 0
    if (depth === 0) return at + 1
    if (!BLANK.has(character)) before = character
  }
  return undefined
}

const DEEPER_BY: ReadonlyMap<string, number> = new Map([
  ['{', 1],
  ['[', 1],
  ['}', -1],
  [']', -1],
])
const BLANK = new Set([' ', '\n', '\r', '\t'])

/** A single quote is an apostrophe unless it stands where a value or a name begins. */
function opensString(character: string, before: string): boolean {
  return character === '"' || (character === "'" && '{[,:'.includes(before))
}

/** Where the string that opens at `from` has its closing quote; the text's end when it has none. */
function endOfString(text: string, from: number): number {
  const quote = text.charAt(from)
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\') at++
    else if (character === quote) return at
  }
  return text.length
}

/** No answer is as long; what repairing costs may grow faster than the text. */
const LONGEST_REPAIRED = 16_384

function readSpan(span: string): readonly unknown[] {
  try {
    return [JSON.parse(span)]
  } catch {
    return span.length > LONGEST_REPAIRED ? [] : repaired(span)
  }
}

/** It throws for what it cannot mend, and for what nests deeper than the stack. */
function repaired(span: string): readonly unknown[] {
  try {
    return [JSON.parse(jsonrepair(span))]
  } catch {
    return []
  }
}
