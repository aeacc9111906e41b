import { createHash } from 'node:crypto'

/**
 * Puts content between two tags that it cannot close: their name carries a hash of the content, and is made anew
 * as long as the content holds it. So a reader, model or program, can tell where data begins and ends.
 */
export function contentBlock(content: string): string {
  return blockOf('content', content, '')
}

/** Content, and after it candidates to choose from, each between tags that neither can forge. */
export function contentWithCandidates(content: string, candidates: string): string {
  return `${contentBlock(content)}\n${blockOf('candidates', candidates, content)}`
}

/** The candidates that a text ends with; undefined when it ends with none. */
export function candidatesIn(text: string): string | undefined {
  const [closing, tag] = CANDIDATES_END.exec(text) ?? []
  if (closing === undefined) return undefined
  const opening = `<${tag}>\n`
  const start = text.lastIndexOf(opening)
  return start < 0 ? undefined : text.slice(start + opening.length, -closing.length)
}

/** The content of the first block in a text; undefined when there is none. Gives back exactly what `contentBlock` was given. */
export function contentIn(text: string): string | undefined {
  const [opening, tag] = OPENING.exec(text) ?? []
  if (opening === undefined) return undefined
  const start = text.indexOf(opening) + opening.length
  const end = text.indexOf(`\n</${tag}>`, start)
  return end < 0 ? undefined : text.slice(start, end)
}

const CANDIDATES_END = /\n<\/(candidates-[0-9a-f]{16})>$/
const OPENING = /<(content-[0-9a-f]{16})>\n/

/** `beside` is what else the reader sees: the tag is in none of it. */
function blockOf(name: string, data: string, beside: string): string {
  for (let salt = 0; ; salt++) {
    const tag = `${name}-${createHash('sha256').update(`${salt}:${data}`).digest('hex').slice(0, 16)}`
    if (!data.includes(tag) && !beside.includes(tag)) return `<${tag}>\n${data}\n</${tag}>`
  }
}
