import type { BadItem } from '@magictask/domain'
import type { z } from 'zod'

/** What zod found wrong, each by its JSON pointer; every unknown field has a pointer of its own. No value is echoed. */
export function* badItems(issues: Iterable<z.core.$ZodIssue>, at: readonly PropertyKey[] = []): Generator<BadItem> {
  for (const issue of issues) {
    const path = [...at, ...issue.path]
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) yield { pointer: pointerTo([...path, key]), detail: 'is not a known field' }
    } else {
      yield { pointer: pointerTo(path), detail: issue.message }
    }
  }
}

const POINTER_LIMIT = 256

/** A JSON pointer (RFC 6901). A name chosen by the caller may be long, so it is cut. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path
    .map((step) => `/${escapeStep(String(step))}`)
    .join('')
    .slice(0, POINTER_LIMIT)
    .toWellFormed()
}

function escapeStep(step: string): string {
  return step.slice(0, POINTER_LIMIT).replaceAll('~', '~0').replaceAll('/', '~1')
}
