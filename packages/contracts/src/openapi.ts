import { FAULTS, Fault, type FaultCode } from '@magictask/domain'
import { z } from 'zod'
import { ANSWER_HEADERS, type HeaderName } from './http/header.ts'
import { Problem, problemOf } from './http/problem.ts'
import type { AnswerSpec, RouteSpec } from './http/route-spec.ts'
import { routeSpecs } from './http/routes.ts'
import { PLAIN_JSON } from './json-value.ts'
import { createSchemaBook, type Json, type SchemaBook } from './schema-book.ts'
import { EXAMPLE_ANSWERS, EXAMPLE_IDS } from './seed-example.ts'

/** The OpenAPI 3.1 document, derived from the schemas and the table of routes that the app itself is made of. */
export function openapi(options: { readonly magicTypes: readonly string[]; readonly version: string }): Json {
  const book = createSchemaBook()
  const specs = Map.groupBy(routeSpecs(options.magicTypes), (spec) => spec.path)
  const paths = [...specs].map(([path, ofPath]) => [
    path,
    Object.fromEntries(ofPath.map((spec) => [spec.method, operation(spec, book)])),
  ])
  return {
    openapi: '3.1.0',
    info: {
      title: 'Magictask',
      version: options.version,
      summary: 'Runs large numbers of LLM tasks: a batch goes in, every answer comes back exactly once.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { ...book.components(), ...PLAIN_JSON },
    },
  }
}

function operation(spec: RouteSpec, book: SchemaBook): Json {
  return {
    operationId: spec.operationId,
    summary: spec.summary,
    security: spec.scope === undefined ? [] : [{ bearer: [spec.scope] }],
    parameters: [
      ...pathParameters(spec.path),
      ...parameters('query', spec.query, book),
      ...parameters('header', spec.requestHeaders, book),
    ],
    ...(spec.body === undefined ? {} : { requestBody: requestBody(spec.body, book) }),
    responses: { ...answers(spec, book), ...problems(spec, book) },
  }
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name ?? '',
    in: 'path',
    required: true,
    description: `${name === 'sku' ? 'A SKU, percent-encoded' : 'A UUIDv7'}. What is none is answered like one that does not exist.`,
    schema: { type: 'string' },
    ...(EXAMPLE_IDS[name ?? ''] === undefined ? {} : { example: EXAMPLE_IDS[name ?? ''] }),
  }))
}

function parameters(place: 'query' | 'header', schema: z.ZodObject | undefined, book: SchemaBook): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: place,
    required: !field.safeParse(undefined).success,
    schema: book.refer(field, 'input'),
  }))
}

function requestBody(body: NonNullable<RouteSpec['body']>, book: SchemaBook): Json {
  const schema = book.refer(body.schema, 'input')
  return { required: true, content: { 'application/json': { schema, example: z.json().parse(body.example) } } }
}

function answers(spec: RouteSpec, book: SchemaBook): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(spec.answers).map(([status, answer]) => {
      const example = EXAMPLE_ANSWERS[spec.operationId]?.[Number(status)]
      return [status, answerObject(answer, example, book)]
    }),
  )
}

function answerObject(answer: AnswerSpec, example: Json | undefined, book: SchemaBook): Json {
  const content = Object.entries(answer.content ?? {}).map(([type, schema]) => [
    type,
    {
      schema: book.refer(schema, 'output'),
      ...(example === undefined || type !== 'application/json' ? {} : { example }),
    },
  ])
  return {
    description: answer.description,
    headers: headersOf(['X-Request-Id', ...(answer.headers ?? [])], answer.mayHave ?? []),
    ...(content.length === 0 ? {} : { content: Object.fromEntries(content) }),
  }
}

function headersOf(always: readonly HeaderName[], sometimes: readonly HeaderName[]): Record<string, Json> {
  const all = [...sometimes.map((name) => [name, false] as const), ...always.map((name) => [name, true] as const)]
  return Object.fromEntries(all.map(([name, required]) => [name, headerObject(name, required)]))
}

function headerObject(name: HeaderName, required: boolean): Json {
  const { says, pattern } = ANSWER_HEADERS[name]
  return { description: says, required, schema: { type: 'string', pattern } }
}

const EVERYWHERE: readonly FaultCode[] = [
  'service.defect',
  'request.invalid',
  'request.timeout',
  'request.headers_too_large',
]
const WITH_TOKEN: readonly FaultCode[] = [
  'auth.missing',
  'auth.invalid',
  'auth.token_expired',
  'auth.scope_missing',
  'service.unavailable',
]

/** The faults of a route, by status. A status may stand for several: the schema names their codes. */
function problems(spec: RouteSpec, book: SchemaBook): Record<string, Json> {
  const codes = new Set([...EVERYWHERE, ...(spec.scope === undefined ? [] : WITH_TOKEN), ...spec.faults])
  const byStatus = Map.groupBy(codes, (code) => FAULTS[code].http)
  const problem = book.refer(Problem, 'output')
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !(status in spec.answers))
      .map(([status, codes]) => [status, problemAnswer(status, codes, problem)]),
  )
}

function problemAnswer(status: number, codes: readonly FaultCode[], problem: Json): Json {
  const schema = { allOf: [problem, { properties: { status: { const: status }, code: { enum: [...codes] } } }] }
  return {
    description: codes.map((code) => `\`${code}\`: ${FAULTS[code].says}`).join(' '),
    headers: headersOf(['X-Request-Id', ...(HEADERS_OF_STATUS[status] ?? [])], []),
    content: { 'application/problem+json': { schema, examples: problemExamples(codes) } },
  }
}

const EXAMPLE_REQUEST = '3f1d6f0a-7c1e-4d38-9c1a-5a4f6f0c2b11'

function problemExamples(codes: readonly FaultCode[]): Record<string, Json> {
  const example = (code: FaultCode) => ({ value: z.json().parse(problemOf(new Fault(code), EXAMPLE_REQUEST)) })
  return Object.fromEntries(codes.map((code) => [code, example(code)]))
}

/** What RFC 9110 and 6750 want beside these. */
export const HEADERS_OF_STATUS: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ['WWW-Authenticate'],
  403: ['WWW-Authenticate'],
  405: ['Allow'],
  429: ['Retry-After'],
  503: ['Retry-After'],
}
