import type { z } from 'zod'
import { pointerStep } from './duplicate-keys.ts'

/** One thing that is wrong, and where: `path` is a JSON pointer into the file. */
export interface Mistake {
  readonly path: string
  readonly message: string
}

/** What zod found, one mistake a place; a field that looks like a key gets a sentence of its own. */
export function mistakesIn(error: z.ZodError): readonly Mistake[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: pointer([...issue.path, key]),
        message: SECRET.test(key) ? NO_SECRETS : 'is not a field that is known here',
      }))
    }
    if (issue.code === 'invalid_key') {
      return [{ path: pointer(issue.path), message: issue.issues[0]?.message ?? issue.message }]
    }
    const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
    return [{ path: pointer(issue.path), message: isMissing ? 'is missing' : issue.message }]
  })
}

/** A JSON pointer (RFC 6901). */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${pointerStep(step)}`).join('')
}

const SECRET = /key$|secret|password|authorization|^token$|(?:api|auth|access)_?token$/i
const NO_SECRETS =
  'a key is never written into this file: name its environment variable in keyVariable, or the file that holds it in keyFile'
