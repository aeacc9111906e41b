import { TaskId } from '@magictask/domain'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { API_BASE, generateItem, openapi, PageQuery, readCursor, SkuItem, writeCursor } from '../src/index.ts'

const item = generateItem(['spam_check'])
const Described = z.object({ pattern: z.string() })
const SkuTexts = z.object({ sku: Described, description: Described })
const Required = z.object({ name: z.string(), required: z.boolean() })
const document = openapi({ magicTypes: ['spam_check'], version: '0' })
const { paths, components } = z
  .object({
    paths: z.record(z.string(), z.record(z.string(), z.object({ parameters: z.array(z.unknown()) }))),
    components: z.object({
      schemas: z.object({
        GenerateItem: z.object({
          properties: z.object({
            content: Described,
            campaignSn: Described,
            metadata: z.object({ propertyNames: Described, additionalProperties: Described }),
            params: z.object({ propertyNames: Described }),
          }),
        }),
      }),
    }),
  })
  .parse(document)
const fields = components.schemas.GenerateItem.properties

const BLANK = [
  '\0',
  ' ',
  '\t',
  '\v',
  '\u0085',
  '\u001c',
  '\u00a0',
  '\u3000',
  '\ufeff',
  '\u2028',
  '\u200b',
  '\ud83d\ude00',
]
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  fc.array(fc.constantFrom(...BLANK), { minLength: 1, maxLength: 20 }).map((parts) => parts.join('')),
)

test.each([
  ['content', fields.content, (value: string) => ({ content: value })],
  ['campaignSn', fields.campaignSn, (value: string) => ({ campaignSn: value })],
  ['a value of metadata', fields.metadata.additionalProperties, (value: string) => ({ metadata: { a: value } })],
  ['a name of metadata', fields.metadata.propertyNames, (value: string) => ({ metadata: { [value]: 'a' } })],
  ['a name of params', fields.params.propertyNames, (value: string) => ({ params: { [value]: 1 } })],
])('%s is accepted if and only if it fits what its description says of it', (_, { pattern }, withText) => {
  const described = new RegExp(pattern, 'u')
  fc.assert(
    fc.property(text, (value) => {
      const accepted = item.safeParse({ campaignSn: 'a', magicType: 'spam_check', content: 'x', ...withText(value) })
      expect(accepted.success).toBe(described.test(value))
    }),
    { numRuns: 500 },
  )
})

test('a SKU and its description are accepted if and only if they fit what is said of them', () => {
  const { sku, description } = z
    .object({ components: z.object({ schemas: z.object({ SkuItem: z.object({ properties: SkuTexts }) }) }) })
    .parse(document).components.schemas.SkuItem.properties
  const given = fc.oneof(text, fc.constantFrom('.', '..', '...', ' .', 'a b', '. .', '.a'))
  fc.assert(
    fc.property(given, (value) => {
      const isAccepted = (item: object) => SkuItem.safeParse({ sku: 'a', description: 'b', ...item }).success
      expect(isAccepted({ sku: value })).toBe(new RegExp(sku.pattern, 'u').test(value))
      expect(isAccepted({ description: value })).toBe(new RegExp(description.pattern, 'u').test(value))
    }),
    { numRuns: 500 },
  )
})

test('a parameter that has to be there is described so', () => {
  const required = paths[`${API_BASE}/skus`]?.get?.parameters.map((one) => Required.parse(one))
  expect(required).toEqual([
    { name: 'query', required: true },
    { name: 'limit', required: false },
  ])
})

test('a hundred thousand blanks are told from a text at once', () => {
  const described = new RegExp(fields.content.pattern, 'u')
  expect([described.test(' '.repeat(100_000)), described.test(`${' '.repeat(99_999)}x`)]).toEqual([false, true])
})

const parameter = (name: string) =>
  paths[`${API_BASE}/tasks`]?.get?.parameters.find((one) => z.object({ name: z.literal(name) }).safeParse(one).success)

test('a cursor is read if and only if it fits its description, and comes back as it was written', () => {
  const { schema } = z.object({ schema: Described }).parse(parameter('cursor'))
  const described = new RegExp(schema.pattern, 'u')
  const isRead = (cursor: string) => {
    try {
      return writeCursor(readCursor(cursor)) === cursor
    } catch {
      return false
    }
  }
  const written = fc.uuid({ version: 7 }).map((id) => writeCursor(TaskId.parse(id)))
  const other = fc.base64String({ minLength: 22, maxLength: 24 })
  fc.assert(
    fc.property(fc.oneof(written, other), (cursor) => {
      expect(isRead(cursor)).toBe(described.test(cursor))
    }),
  )
  fc.assert(
    fc.property(written, (cursor) => {
      expect(isRead(cursor)).toBe(true)
    }),
  )
})

test('a page is as large as its description says', () => {
  expect(parameter('limit')).toMatchObject({ schema: { type: 'integer', minimum: 1, maximum: 1_000 } })
  expect(PageQuery.parse({})).toEqual({ limit: 50 })
  for (const limit of ['1', '1000']) expect(PageQuery.parse({ limit }).limit).toBe(Number(limit))
  for (const limit of ['0', '1001', '1.5', '-1', 'x', '']) expect(PageQuery.safeParse({ limit }).success).toBe(false)
})
