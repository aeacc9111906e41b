import { FAULTS } from '@magictask/domain'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { HEADERS_OF_STATUS, openapi, routeSpecs } from '../src/index.ts'

const magicTypes = ['title_optimize', 'spam_check']
const Operation = z.object({
  responses: z.record(z.string(), z.object({ headers: z.record(z.string(), z.unknown()) })),
})
const document = openapi({ magicTypes, version: '1.2.3' })
const { paths, components } = z
  .object({
    paths: z.record(z.string(), z.record(z.string(), Operation)),
    components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
  })
  .parse(document)

test('every route states each status it can answer, with the headers that belong to it', () => {
  for (const spec of routeSpecs(magicTypes)) {
    const responses = paths[spec.path]?.[spec.method]?.responses ?? {}
    const wanted = [...Object.keys(spec.answers), ...spec.faults.map((code) => String(FAULTS[code].http))]
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(wanted))
    for (const [status, response] of Object.entries(responses)) {
      expect(Object.keys(response.headers)).toEqual(
        expect.arrayContaining(['X-Request-Id', ...(HEADERS_OF_STATUS[Number(status)] ?? [])]),
      )
    }
  }
})

test('every reference leads somewhere', () => {
  const names = [...JSON.stringify(document).matchAll(/"#\/([^"]+)"/g)].map(([, path]) => path)
  expect(names.length).toBeGreaterThan(10)
  for (const name of new Set(names))
    expect(Object.keys(components.schemas)).toContain(name?.replace('components/schemas/', ''))
})

test('an item states its limits, and the magicTypes that there are', () => {
  expect(components.schemas.GenerateItem).toMatchObject({
    additionalProperties: false,
    required: ['campaignSn', 'magicType', 'content'],
    properties: {
      magicType: { enum: magicTypes },
      content: { type: 'string', minLength: 1, maxLength: 100_000 },
      num_suggestions: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
      metadata: { type: 'object', maxProperties: 16 },
      params: { type: 'object' },
    },
  })
})
