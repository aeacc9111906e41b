import { z } from 'zod'
import { characterFault, PLAIN_PATTERN } from './plain-text.ts'

/** A JSON object of any content, of at most `maxBytes` as compact JSON. Its texts and names keep to `plainText`'s characters. */
export function jsonObject(maxBytes: number) {
  return z
    .custom<Readonly<Record<string, unknown>>>(isObject, 'has to be an object')
    .superRefine((value, context) => {
      const found = firstFault(value, [])
      if (found !== undefined) context.addIssue({ code: 'custom', path: found.path, message: found.message })
      else if (Buffer.byteLength(JSON.stringify(value)) > maxBytes)
        context.addIssue(`has to be of at most ${maxBytes} bytes as JSON`)
    })
    .meta(PLAIN_OBJECT)
}

/** JSON Schema of a `jsonObject`. */
export const PLAIN_OBJECT = {
  type: 'object' as const,
  propertyNames: { pattern: PLAIN_PATTERN },
  additionalProperties: { $ref: '#/components/schemas/PlainJson' },
}

/** JSON Schema of what stands in a `jsonObject`; descriptions that refer to one have to hold it under this name. */
export const PLAIN_JSON = {
  PlainJson: {
    anyOf: [
      { type: 'null' },
      { type: 'boolean' },
      { type: 'number' },
      { type: 'string', pattern: PLAIN_PATTERN },
      { type: 'array', items: { $ref: '#/components/schemas/PlainJson' } },
      PLAIN_OBJECT,
    ],
  },
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Found {
  readonly path: (string | number)[]
  readonly message: string
}

/** Recursion is bounded: a body nests no deeper than `LIMITS.nesting`. */
function firstFault(value: unknown, path: readonly (string | number)[]): Found | undefined {
  if (typeof value === 'string') return found(characterFault(value), path)
  if (typeof value === 'number')
    return found(Number.isFinite(value) ? undefined : 'is a number too large to keep', path)
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const wrong = found(characterFault(name), [...path, name]) ?? firstFault(inner, [...path, name])
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function found(message: string | undefined, path: readonly (string | number)[]): Found | undefined {
  return message === undefined ? undefined : { path: [...path], message }
}
