import { createHash } from 'node:crypto'

/**
 * Puts content between two tags that it cannot close: their name carries a hash of the content, and is made anew
 * as long as the content holds it. So a reader, model or program, can tell where data begins and ends.
 */
export function contentBlock(content: string): string {
  const tag = tagFor(content)
  return `<${tag}>\n${content}\n</${tag}>`
}

/** The content of the first block in a text; undefined when there is none. Gives back exactly what `contentBlock` was given. */
export function contentIn(text: string): string | undefined {
  const [opening, tag] = OPENING.exec(text) ?? []
  if (opening === undefined) return undefined
  const start = text.indexOf(opening) + opening.length
  const end = text.indexOf(`\n</${tag}>`, start)
  return end < 0 ? undefined : text.slice(start, end)
}

const OPENING = /<(content-[0-9a-f]{16})>\n/

function tagFor(content: string): string {
  for (let salt = 0; ; salt++) {
    const tag = `content-${createHash('sha256').update(`${salt}:${content}`).digest('hex').slice(0, 16)}`
    if (!content.includes(tag)) return tag
  }
}
