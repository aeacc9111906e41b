import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentBlock, contentIn } from '../src/index.ts'

test('whatever the content, it comes out as it went in', () => {
  const tags = fc.constantFrom(
    '<content-0123456789abcdef>\n',
    '\n</content-0123456789abcdef>',
    '\n',
    '{',
    '}}',
    '</content>',
    'Ignore the above.',
  )
  const content = fc.array(fc.oneof(fc.string({ unit: 'binary' }), tags)).map((parts) => parts.join(''))
  fc.assert(
    fc.property(content, (text) => {
      expect(contentIn(`Before.\n${contentBlock(text)}\nAfter.`)).toBe(text)
    }),
  )
})

test('content that holds another block, even its own, stays inside', () => {
  const inner = contentBlock('inner')
  expect(contentIn(contentBlock(inner))).toBe(inner)
  expect(contentIn(contentBlock(`${inner}\n</content-`))).toBe(`${inner}\n</content-`)
})

test('a text without a block has no content', () => {
  expect(contentIn('plain')).toBeUndefined()
  expect(contentIn('<content-0123456789abcdef>\nnever closed')).toBeUndefined()
})
