import { createRequire } from 'node:module'
import SwaggerParser from '@apidevtools/swagger-parser'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'

/** What is wrong with an OpenAPI 3.1 document by its official schema; undefined when nothing is. Its references are followed. */
export async function wrongInOpenapi(document: unknown): Promise<string | undefined> {
  const copy: Parameters<typeof SwaggerParser.validate>[0] = JSON.parse(JSON.stringify(document))
  return await SwaggerParser.validate(copy).then(
    () => undefined,
    (error: unknown) => String(error),
  )
}

/** The same of an AsyncAPI 3.0 document, with what its Kafka bindings say. */
export function wrongInAsyncapi(document: unknown): string | undefined {
  const official: unknown = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json')
  // It brings the meta-schema of its own draft, which Ajv would hold against the one that it knows.
  const ajv = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false })
  const validate = ajv.compile(Object(official))
  return validate(document) ? undefined : ajv.errorsText(validate.errors)
}

/** How a value differs from a schema at a place of a document; undefined when it fits. */
export function wrongByDocument(document: object, pointer: string, value: unknown): string | undefined {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema(document, 'document')
  const validate = ajv.compile({ $ref: `document#${pointer}` })
  return validate(value) ? undefined : ajv.errorsText(validate.errors)
}
