import type { Hash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { LIMITS } from '@magictask/contracts'
import { JsonPieces, NotOneValue } from './json-pieces.ts'

/** The file cannot be used; the message says what is wrong where, and that nothing was submitted. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile'
}

/** One task of a file, not yet read. */
export interface FileItem {
  /** From 0 on, in the order of the file. */
  readonly index: number
  /** Where it stands: `line 3, ` in NDJSON; in an array the JSON pointer `/2`. */
  readonly place: string
  readonly text: string
}

/** Longer than any body may be: no task, and no reason to hold more of the file. */
export const LONGEST_ITEM = LIMITS.bodyBytes - 2

/**
 * The tasks of a file, a JSON array or NDJSON, read as a stream: one at a time is held, whatever the file's size. Throws
 * `UnusableFile` where there is no telling where the next task begins. `hash` is fed with the bytes.
 */
export async function* readItems(file: string, hash?: Hash): AsyncGenerator<FileItem> {
  demandFile(file)
  let items: Splitter | undefined
  let index = 0
  for await (const text of texts(file, hash)) {
    if (items === undefined && text.trim() === '') continue
    items ??= text.trimStart().startsWith('[') ? arrayItems(file) : lines()
    for (const item of items.push(text)) yield { ...item, index: index++ }
    if (items.heldCharacters() > LONGEST_ITEM) throw new UnusableFile(`${file}: task ${index} has no end`)
  }
  for (const item of items?.end() ?? []) yield { ...item, index: index++ }
}

/** It is read twice, first to check it: so it has to stay where it is. */
function demandFile(file: string): void {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) throw new UnusableFile(`${file}: there is no such file`)
  if (!stat.isFile()) throw new UnusableFile(`${file}: has to be a regular file, as it is read twice`)
}

async function* texts(file: string, hash: Hash | undefined): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  const decode = (bytes?: Uint8Array) => {
    try {
      return utf8.decode(bytes, { stream: bytes !== undefined })
    } catch {
      throw new UnusableFile(`${file}: is not in UTF-8`)
    }
  }
  for await (const bytes of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    hash?.update(bytes)
    yield decode(bytes)
  }
  yield decode()
}

type UnnumberedItem = Omit<FileItem, 'index'>

/** Cuts a text that arrives in parts into items. */
interface Splitter {
  push(text: string): Iterable<UnnumberedItem>
  end(): Iterable<UnnumberedItem>
  heldCharacters(): number
}

function lines(): Splitter {
  let rest = ''
  let line = 0
  const item = (text: string): UnnumberedItem[] => {
    line += 1
    return text.trim() === '' ? [] : [{ place: `line ${line}, `, text }]
  }
  return {
    *push(text) {
      const [first = '', ...others] = text.split('\n')
      rest += first
      for (const next of others) {
        yield* item(rest)
        rest = next
      }
    },
    end: () => item(rest),
    heldCharacters: () => rest.length,
  }
}

function arrayItems(file: string): Splitter {
  const pieces = new JsonPieces()
  let position = 0
  return {
    *push(text) {
      try {
        for (const piece of pieces.push(text)) yield { place: `/${position++}`, text: piece }
      } catch (error) {
        throw unusable(file, error)
      }
    },
    end() {
      try {
        pieces.end()
        return []
      } catch (error) {
        throw unusable(file, error)
      }
    },
    heldCharacters: () => pieces.heldCharacters,
  }
}

function unusable(file: string, error: unknown): unknown {
  return error instanceof NotOneValue ? new UnusableFile(`${file}: the array ${error.message}`) : error
}
