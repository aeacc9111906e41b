import { Fault } from '@magictask/domain'
import { expect, test } from 'vitest'
import { generateItem, readGenerate } from '../src/index.ts'

const item = generateItem(['title_optimize', 'spam_check'])
const good = { campaignSn: 'abc', magicType: 'title_optimize', content: 'hello' }

/** What is wrong with a body, as `pointer detail`. */
function wrongWith(body: unknown): readonly string[] {
  return faultOf(body).errors.map((bad) => `${bad.pointer} ${bad.detail}`)
}

function faultOf(body: unknown): Fault {
  try {
    readGenerate(body, item)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('nothing was wrong')
}

test('a good item is read with one suggestion unless it says otherwise', () => {
  expect(readGenerate([good], item)).toEqual([{ ...good, num_suggestions: 1 }])
})

test('every optional field is read', () => {
  const full = {
    ...good,
    num_suggestions: 10,
    priority: 'high',
    deadline: '2020-01-01T08:00:00+08:00',
    metadata: { order: '7' },
    params: { nested: [{ deep: [1, null, true, 'x'] }] },
  }
  expect(readGenerate([full], item)).toEqual([full])
})

test.each<[string, unknown]>([
  ['0 suggestions', { num_suggestions: 0 }],
  ['11 suggestions', { num_suggestions: 11 }],
  ['suggestions as text', { num_suggestions: '2' }],
  ['half a suggestion', { num_suggestions: 2.5 }],
  ['no suggestions', { num_suggestions: null }],
  ['an unknown magicType', { magicType: 'nothing' }],
  ['a magicType that every object has', { magicType: 'constructor' }],
  ['a magicType that is no text', { magicType: ['title_optimize'] }],
  ['empty content', { content: '' }],
  ['blank content', { content: ' \n\t\u3000' }],
  ['too long content', { content: 'x'.repeat(100_001) }],
  ['too many astral characters', { content: '😀'.repeat(100_001) }],
  ['content with NUL', { content: 'a\0b' }],
  ['content with a lone surrogate', { content: 'a\ud800b' }],
  ['content with a low surrogate first', { content: '\udc00\ud800' }],
  ['content that is an object', { content: {} }],
  ['an empty campaignSn', { campaignSn: '' }],
  ['a long campaignSn', { campaignSn: 'x'.repeat(129) }],
  ['a campaignSn with NUL', { campaignSn: 'a\0' }],
  ['an unknown priority', { priority: 'urgent' }],
  ['a deadline without a zone', { deadline: '2026-01-01T00:00:00' }],
  ['a deadline that is a number', { deadline: 1 }],
  ['a deadline that no calendar has', { deadline: '2026-02-30T00:00:00Z' }],
  ['a deadline beyond the year 9999 in UTC', { deadline: '9999-12-31T23:59:59-01:00' }],
  ['a deadline before the year 0 in UTC', { deadline: '0000-01-01T00:00:00+01:00' }],
  ['metadata that is a list', { metadata: [] }],
  ['params that are text', { params: 'x' }],
  ['params that are null', { params: null }],
  ['a fallback that is text', { params: { fallback: 'no' } }],
  ['a cache_enabled that is null', { params: { cache_enabled: null } }],
  ['params that are too large', { params: { x: 'y'.repeat(17_000) } }],
])('an item with %s is refused by one pointer', (_, wrong) => {
  const [name] = Object.keys(Object(wrong))
  const found = wrongWith([good, { ...good, ...Object(wrong) }])
  expect(found.length).toBeGreaterThan(0)
  for (const line of found) expect(line).toMatch(new RegExp(`^/1/${name}\\b`))
})

test.each<[string, unknown, string]>([
  ['NUL in a value', { params: { a: ['x', { b: 'y\0' }] } }, '/0/params/a/1/b'],
  ['a lone surrogate in a value', { params: { a: '\udfff' } }, '/0/params/a'],
  ['NUL in a name', { params: { 'a\0': 1 } }, '/0/params/a\0'],
  ['a number beyond all numbers', JSON.parse('{"params":{"a":1e999}}'), '/0/params/a'],
  ['a long value of metadata', { metadata: { a: 'x'.repeat(513) } }, '/0/metadata/a'],
  ['a number in metadata', { metadata: { a: 1 } }, '/0/metadata/a'],
])('%s is found wherever it stands', (_, wrong, pointer) => {
  expect(faultOf([{ ...good, ...Object(wrong) }]).errors).toMatchObject([{ pointer }])
})

test.each([
  ['a lone surrogate in a name of params', { params: { '\ud800': 1 } }],
  ['a long name of metadata', { metadata: { ['x'.repeat(65)]: 'y' } }],
  ['a pair of metadata named __proto__', JSON.parse('{"metadata":{"__proto__":"x"}}')],
  ['NUL in a name of metadata', { metadata: { 'a\0b': 'y' } }],
  ['17 pairs of metadata', { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])) }],
])('%s is refused', (_, wrong) => {
  expect(wrongWith([{ ...good, ...wrong }])).toHaveLength(1)
})

test.each(['__proto__', 'constructor', 'toString', 'a/b~c', ''])(
  'the unknown field %j is refused by its pointer',
  (name) => {
    const body: unknown = JSON.parse(
      `[{"campaignSn":"a","magicType":"spam_check","content":"x",${JSON.stringify(name)}:{}}]`,
    )
    expect(wrongWith(body)).toEqual([`/0/${name.replace('~', '~0').replace('/', '~1')} is not a known field`])
  },
)

test('a field named __proto__ in params or metadata is kept as data or refused, and changes no prototype', () => {
  const body: unknown = JSON.parse(
    '[{"campaignSn":"a","magicType":"spam_check","content":"x","params":{"__proto__":{"polluted":1}}}]',
  )
  const [read] = readGenerate(body, item)
  expect(JSON.stringify(read?.params)).toBe('{"__proto__":{"polluted":1}}')
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
})

test('100,000 characters are counted as characters, not as UTF-16 units', () => {
  expect(readGenerate([{ ...good, content: '😀'.repeat(100_000) }], item)).toHaveLength(1)
})

test('no value that was sent is echoed', () => {
  const secret = 'sk-very-secret'
  const text = wrongWith([
    { ...good, magicType: secret, num_suggestions: secret, priority: secret, deadline: secret },
  ]).join()
  expect(text).not.toContain(secret)
})

test.each([
  ['an object', {}],
  ['nothing', []],
  ['null', null],
  ['text', 'x'],
])('a body that is %s is refused', (_, body) => {
  expect(faultOf(body)).toMatchObject({ code: 'request.invalid', errors: [{ pointer: '' }] })
})

test('10,001 tasks are too many', () => {
  expect(faultOf(Array.from({ length: 10_001 }, () => good)).code).toBe('request.too_large')
})

test('of everything that is wrong the first hundred are listed and all are counted', () => {
  const fault = faultOf(Array.from({ length: 5_000 }, () => ({ ...good, magicType: 1, num_suggestions: 0 })))
  expect(fault.errors).toHaveLength(100)
  expect(fault.facts.errors_total).toBe(10_000)
  expect(fault.message).toContain('10000')
})

test('items that are not objects are refused each by its place', () => {
  expect(faultOf([null, 1, 'x', [], good]).errors.map((bad) => bad.pointer)).toEqual(['/0', '/1', '/2', '/3'])
})
