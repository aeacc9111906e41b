import { createHash } from 'node:crypto'
import { badItems, generateItem, LIMITS } from '@magictask/contracts'
import { type FileItem, LONGEST_ITEM, readItems, UnusableFile } from './task-file.ts'

/** A file whose every task can be submitted. */
export interface CheckedFile {
  readonly path: string
  readonly sha256: string
  readonly tasks: number
}

/** Reads the whole file and throws one `UnusableFile` that names every bad task by its place: the first hundred, and how many there are. */
export async function checkFile(path: string, magicTypes: readonly string[]): Promise<CheckedFile> {
  const schema = generateItem(magicTypes)
  const hash = createHash('sha256')
  const listed: string[] = []
  let wrong = 0
  let tasks = 0
  for await (const item of readItems(path, hash)) {
    tasks += 1
    for (const { pointer, detail } of whatIsWrong(item, schema)) {
      wrong += 1
      if (wrong <= LIMITS.badItemsListed) listed.push(`  ${placeOf(item, pointer)}: ${detail}`)
    }
  }
  if (wrong > 0) throw new UnusableFile(refusal(path, listed, wrong))
  if (tasks === 0) throw new UnusableFile(`${path}: holds no task`)
  return { path, sha256: hash.digest('hex'), tasks }
}

function whatIsWrong({ text }: FileItem, schema: ReturnType<typeof generateItem>): ReturnType<typeof badItems> | Bad[] {
  if (Buffer.byteLength(text) > LONGEST_ITEM) return [{ pointer: '', detail: 'is longer than any task may be' }]
  const value = parse(text)
  if (value === undefined) return [{ pointer: '', detail: 'is not valid JSON' }]
  if (nestsDeeper(value, LIMITS.nesting - 1)) {
    return [{ pointer: '', detail: `nests deeper than ${LIMITS.nesting} levels` }]
  }
  const read = schema.safeParse(value)
  return read.success ? [] : badItems(read.error.issues)
}

interface Bad {
  readonly pointer: string
  readonly detail: string
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => nestsDeeper(inner, levels - 1))
}

function placeOf({ place }: FileItem, pointer: string): string {
  return `${place}${pointer}`.replace(/, $/, '')
}

function refusal(path: string, listed: readonly string[], wrong: number): string {
  const things = wrong === 1 ? 'one thing is' : `${wrong} things are`
  const others = wrong > listed.length ? [`  and ${wrong - listed.length} more`] : []
  return [`${path}: ${things} wrong, so nothing was submitted:`, ...listed, ...others].join('\n')
}
