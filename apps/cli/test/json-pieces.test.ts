import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonPieces, NotOneValue } from '../src/json-pieces.ts'

test('the pieces of any array are its elements, however the text is cut into parts and spaced', () => {
  const spaced = fc.constantFrom(undefined, 1, '\t')
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), spaced, fc.integer({ min: 1, max: 40 }), (values, space, size) => {
      const text = ` ${JSON.stringify(values, undefined, space)}\n`
      const pieces = new JsonPieces()
      const found = partsOf(text, size).flatMap((part) => [...pieces.push(part)])
      pieces.end()
      expect(JSON.stringify(found.map((piece) => JSON.parse(piece)))).toBe(JSON.stringify(values))
    }),
  )
})

test('the pieces of an object are its members, byte for byte', () => {
  const pieces = [...new JsonPieces().push('{"a":1.0,"b":[1,{"c":"}],\\""}],"d":{}}')]
  expect(pieces).toEqual(['"a":1.0', '"b":[1,{"c":"}],\\""}]', '"d":{}'])
})

test.each(['', '  ', '[1', '[1]]', '[1] 2', '1', '[1}', '{"a":1]', '["]'])('%j is not one value', (text) => {
  const pieces = new JsonPieces()
  expect(() => {
    for (const _ of pieces.push(text));
    pieces.end()
  }).toThrow(NotOneValue)
})

function partsOf(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, part) => text.slice(part * size, (part + 1) * size))
}
